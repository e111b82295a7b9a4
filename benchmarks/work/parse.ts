// Lines to values: commands and replies, by our grammar, by smtp-server's, and by no more than looking for a space and a colon.

import { SMTPConnection } from "smtp-server/lib/smtp-connection.js";
import { parseCommand } from "@carteiro/core";
import { ReplyReader } from "../../packages/core/src/framing/reply-reader.ts";
import { serveWork, type Work } from "../harness/work.ts";

const count = 64;

/** As they come one after the other: an address is never the one before. */
const lines: Readonly<Record<string, (index: number) => string>> = {
  EHLO: (index) => `EHLO client-${index}.example.net`,
  MAIL: (index) => `MAIL FROM:<sender-${index}@example.net>`,
  MAILWithParameters: (index) => `MAIL FROM:<sender-${index}@example.net> SIZE=${1_000 + index} BODY=8BITMIME`,
  RCPT: (index) => `RCPT TO:<recipient.${index}@example.org>`,
  DATA: () => "DATA",
  RSET: () => "RSET",
  BDAT: (index) => `BDAT ${1_000 + index} LAST`,
  AUTH: (index) => `AUTH PLAIN ${btoa(`\0user-${index}\0password`)}`,
  unknown: (index) => `XUNKNOWN ${index}`,
};

const replies: Readonly<Record<string, (index: number) => readonly string[]>> = {
  reply: (index) => [`250 2.1.${index % 10} OK`],
  capabilities: (index) => [
    `250-mx${index}.example.org`,
    "250-PIPELINING",
    "250-SIZE 26214400",
    "250-8BITMIME",
    "250-ENHANCEDSTATUSCODES",
    "250 CHUNKING",
  ],
};

serveWork({
  ...ofLines("carteiro", (line) => parseCommand(line).kind.length),
  ...ofLines("split", split),
  ...ofLines("smtpServer", named),
  "smtpServer MAIL": () => each(buffers(lines["MAIL"]), (line) => addressed("mail from", line)),
  "smtpServer MAILWithParameters": () =>
    each(buffers(lines["MAILWithParameters"]), (line) => addressed("mail from", line)),
  "smtpServer RCPT": () => each(buffers(lines["RCPT"]), (line) => addressed("rcpt to", line)),
  "carteiro reply": () => repliesRead(replies["reply"]),
  "carteiro capabilities": () => repliesRead(replies["capabilities"]),
});

function ofLines(who: string, parse: (line: Buffer) => number): Record<string, () => Work> {
  const kinds = Object.entries(lines).map(
    ([name, line]) => [`${who} ${name}`, () => each(buffers(line), parse)] as const,
  );
  return Object.fromEntries(kinds);
}

function buffers(line: ((index: number) => string) | undefined): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(line?.(index) ?? ""));
}

let seen = 0;

function each<Item>(items: readonly Item[], parse: (item: Item) => number): Work {
  return (times) => {
    for (let time = 0; time < times; time++) for (const item of items) seen = (seen + parse(item)) | 0;
    return times * items.length;
  };
}

function repliesRead(texts: ((index: number) => readonly string[]) | undefined): Work {
  const reader = new ReplyReader();
  const all = Array.from({ length: count }, (_, index) => (texts?.(index) ?? []).map((text) => Buffer.from(text)));
  return each(all, (reply) => {
    for (const line of reply) reader.read(line);
    return reader.reply.code;
  });
}

/** The least: where the verb ends and where the argument begins, and the two as strings. */
function split(line: Buffer): number {
  const space = line.indexOf(0x20);
  const colon = line.indexOf(0x3a);
  const verb = line.toString("latin1", 0, space < 0 ? line.length : space);
  const argument = line.toString("latin1", (colon < 0 ? space : colon) + 1);
  return verb.length + argument.length;
}

/** How smtp-server comes by the name of a command. */
function named(line: Buffer): number {
  return (line.toString().split(" ").shift() ?? "").toUpperCase().length;
}

const connection = Object.assign(Object.create(SMTPConnection.prototype), {
  _server: { options: {} },
}) as SMTPConnection;

/** And by the address and the parameters, besides. */
function addressed(name: string, line: Buffer): number {
  const parsed = connection._parseAddressCommand(name, line);
  if (parsed === false) throw new Error(`smtp-server takes "${line.toString()}" for none`);
  return named(line) + parsed.address.length;
}
