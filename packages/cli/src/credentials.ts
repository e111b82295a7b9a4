// What is made at random at the first start and kept for the next: the password of the user who is there when nobody has
// configured one, and the server's own secret.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { makeFolders, replaceFile } from "./durable-file.ts";
import { UsageError } from "./settings.ts";
import { sysexits } from "./sysexits.ts";
import { errorCode } from "./system-error.ts";

export interface Credentials {
  readonly address: string;
  readonly password: string;
}

/**
 * The default user, `user@DOMAIN`, and the password that stands for it in `FOLDER/credentials.json`; one is made there,
 * readable by its owner alone, if there is none. Throws `UsageError` if the file holds something else, and rejects
 * with the file system's error if it cannot be read or written.
 */
export async function defaultCredentials(folder: string, domain: string): Promise<Credentials> {
  const path = join(folder, "credentials.json");
  const address = `user@${domain}`;
  const known = await readCredentials(path);
  const password = known[address];
  if (password !== undefined) return { address, password };
  const made = randomBytes(15).toString("base64url");
  await makeFolders(folder);
  await replaceFile(path, `${JSON.stringify({ ...known, [address]: made }, undefined, 2)}\n`, 0o600);
  return { address, password: made };
}

const secretLength = 32;

/**
 * The secret in `FOLDER/secret`; one is made there, readable by its owner alone, if there is none. From it SCRAM's salts are
 * made, which must not change from one start to the next. Rejects as `defaultCredentials` does.
 */
export async function ownSecret(folder: string): Promise<Uint8Array> {
  const path = join(folder, "secret");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  });
  const known = Buffer.from(text, "base64url");
  if (known.length >= secretLength) return Uint8Array.from(known);
  if (text !== "")
    throw new UsageError(`${path} is not as it was written; remove it, and a new secret is made.`, sysexits.EX_CONFIG);
  const made = randomBytes(secretLength);
  await makeFolders(folder);
  await replaceFile(path, `${made.toString("base64url")}\n`, 0o600);
  return Uint8Array.from(made);
}

/** Passwords by address. */
async function readCredentials(path: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "{}";
    throw error;
  });
  const value = parseJson(text);
  if (isRecordOfTexts(value)) return value;
  throw new UsageError(`${path} is not as it was written; remove it, and a new password is made.`, sysexits.EX_CONFIG);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecordOfTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((entry) => typeof entry === "string" && entry !== "");
}
