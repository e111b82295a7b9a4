// What the server keeps in its data folder: mail, certificate and the default user, made at the first start.

import { join, resolve } from "node:path";

import { defaultCredentials, ownSecret } from "./credentials.ts";
import { makeFolders } from "./durable-file.ts";
import { Mailboxes, type UserOptions } from "./mailboxes.ts";
import { Maildir } from "./maildir.ts";
import type { ServeOptions } from "./options.ts";
import { givenCertificate, ownCertificate, type ServerCertificate } from "./server-certificate.ts";
import { sysexits } from "./sysexits.ts";
import { CommandError, errorCode, errorMessage } from "./system-error.ts";

export interface House {
  /** At least one. */
  readonly users: readonly UserOptions[];
  readonly mailboxes: Mailboxes;
  readonly maildir: Maildir;
  /** Mail lies in `DOMAIN/LOCAL/new/` below it. */
  readonly mailFolder: string;
  readonly certificate: ServerCertificate;
  readonly secret: Uint8Array;
  /** The file with the default user's password, where no user was configured. */
  readonly credentialsFile: string | undefined;
}

/** All paths are absolute. Throws `CommandError` if the folder or a file cannot be used. */
export async function furnish(options: ServeOptions): Promise<House> {
  const folder = resolve(options.dataFolder);
  try {
    await makeFolders(folder);
    const users = options.users.length > 0 ? options.users : [await defaultUser(folder, options)];
    const mailFolder = join(folder, "mail");
    const mailboxes = new Mailboxes({ domains: options.domains, users });
    const secret = await ownSecret(folder);
    await mailboxes.deriveKeys(secret);
    return {
      users,
      mailboxes,
      secret,
      maildir: new Maildir(mailFolder),
      mailFolder,
      certificate: await certificateFor(folder, options),
      credentialsFile: options.users.length > 0 ? undefined : join(folder, "credentials.json"),
    };
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    const message = `The data folder cannot be used: ${errorMessage(error)}. --data takes another.`;
    throw new CommandError(sysexits.EX_CANTCREAT, message, { cause: error });
  }
}

function defaultUser(folder: string, { domains, hostname }: ServeOptions): Promise<UserOptions> {
  return defaultCredentials(folder, domains[0] ?? hostname);
}

function certificateFor(folder: string, { tls, hostname, host }: ServeOptions): Promise<ServerCertificate> {
  return tls === undefined ? ownCertificate(join(folder, "tls"), namesOf(hostname, host)) : givenCertificate(tls);
}

/** What clients may call this server. */
function namesOf(hostname: string, host: string): string[] {
  const everyAddress = host === "0.0.0.0" || host === "::";
  return [...new Set([hostname, "localhost", "127.0.0.1", "::1", ...(everyAddress ? [] : [host])])];
}
