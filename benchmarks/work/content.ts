// Content through its readers and writers: ours, others', and what the ground allows. Gives the octets that went in.

import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { DataReader, DataWriter } from "@carteiro/core";
import { ChunkReader } from "../../packages/core/src/framing/chunk-reader.ts";
import { serveWork, type Work } from "../harness/work.ts";
import { corpora, inChunks, stuffed } from "./corpus.ts";

/** Goes through all the chunks of one content, and gives a number that depends on them. */
type Pass = (chunks: readonly Uint8Array[]) => number | Promise<number>;

const LF = 10;
const made = new Map<string, Buffer>();
const end = Buffer.from("\r\n.\r\n");
const received = 65_536;

const readers: Readonly<Record<string, () => Pass | Promise<Pass>>> = {
  reject: () => dataReader("reject"),
  normalise: () => dataReader("normalise"),
  smtpServer,
};
const chunkReaders: typeof readers = { chunks: chunkReader };
const writers: typeof readers = {
  rejectWritten: () => dataWriter("reject"),
  normaliseWritten: () => dataWriter("normalise"),
  nodemailer,
};
const floors: typeof readers = { copy: () => copy, lines: () => lines, octets: () => octets };

/** How a corpus comes. */
const shapes: Readonly<Record<string, (content: Buffer) => Uint8Array[]>> = {
  "": (content) => inChunks(content, received),
  whole: (content) => [content],
  single: (content) => inChunks(content.subarray(0, received), 1),
  array: (content) => inChunks(new Uint8Array(content), received),
};

serveWork({
  ...kinds(readers, stuffed),
  ...kinds(chunkReaders, (content) => content),
  ...kinds(writers, (content) => content),
  ...kinds(floors, stuffed),
});

/** `reject prose`, `reject prose whole`, and so on. */
function kinds(passes: typeof readers, sent: (content: Buffer) => Buffer): Record<string, () => Promise<Work>> {
  const all = Object.entries(passes).flatMap(([name, start]) =>
    Object.entries(corpora).flatMap(([corpus, content]) =>
      Object.entries(shapes).map(([shape, shaped]) => {
        const kind = [name, corpus, shape].filter((part) => part !== "").join(" ");
        const ready = () => made.get(corpus) ?? sent(content());
        return [kind, async () => repeated(await start(), shaped(kept(corpus, ready())))] as const;
      }),
    ),
  );
  return Object.fromEntries(all);
}

/** A process is one contender's, so that a corpus comes in one form only. */
function kept(corpus: string, content: Buffer): Buffer {
  made.set(corpus, content);
  return content;
}

let seen = 0;

function repeated(pass: Pass, chunks: readonly Uint8Array[]): Work {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return async (times) => {
    for (let time = 0; time < times; time++) seen = (seen + (await pass(chunks))) | 0;
    return length * times;
  };
}

function dataReader(bareNewlines: "reject" | "normalise"): Pass {
  const reader = new DataReader({ bareNewlines });
  const readAll = (chunk: Uint8Array): number => {
    let given = 0;
    for (let at = 0; reader.read(chunk, at) === "slice"; at = reader.next) given += reader.slice.length;
    return given;
  };
  return (chunks) => {
    let given = 0;
    reader.reset();
    for (const chunk of chunks) given += readAll(chunk);
    return given + readAll(end);
  };
}

function chunkReader(): Pass {
  const reader = new ChunkReader({ bareNewlines: "reject" });
  return (chunks) => {
    let given = 0;
    reader.reset();
    for (const chunk of chunks) {
      reader.begin(chunk.length, false);
      for (let at = 0; reader.read(chunk, at) === "slice"; at = reader.next) given += reader.slice.length;
    }
    return given;
  };
}

/** What it does between the socket and the stream that the application is given. */
function smtpServer(): Pass {
  const stream = new SMTPStream();
  return async (chunks) => {
    const finished = consumed(stream.startDataMode());
    for (const chunk of [...chunks, end]) if (!stream.write(chunk)) await once(stream, "drain");
    const given = await finished;
    stream.continue();
    return given;
  };
}

function dataWriter(bareNewlines: "reject" | "normalise"): Pass {
  return (chunks) => {
    const writer = new DataWriter({ bareNewlines });
    let written = 0;
    for (const chunk of chunks) for (const part of writer.write(chunk)) written += part.length;
    return written + writer.end().length;
  };
}

/** The stream that content goes through on its way to the socket. It is no public name of the package. */
async function nodemailer(): Promise<Pass> {
  const file = new URL("smtp-connection/data-stream.js", import.meta.resolve("nodemailer"));
  const { default: DataStream }: { default: new () => Duplex } = await import(file.href);
  return async (chunks) => {
    const stream = new DataStream();
    const finished = consumed(stream);
    for (const chunk of chunks) if (!stream.write(chunk)) await once(stream, "drain");
    stream.end();
    return finished;
  };
}

async function consumed(stream: Readable): Promise<number> {
  let given = 0;
  stream.on("data", (chunk: Buffer) => (given += chunk.length));
  await once(stream, "end");
  return given;
}

const target = new Uint8Array(2 ** 21);

/** As `memcpy` has it: nothing that looks at each octet is faster. */
function copy(chunks: readonly Uint8Array[]): number {
  for (const chunk of chunks) target.set(chunk);
  return target[0] ?? 0;
}

/** Stops at every line, natively. */
function lines(chunks: readonly Uint8Array[]): number {
  let count = 0;
  for (const chunk of chunks) for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count += 1;
  return count;
}

function octets(chunks: readonly Uint8Array[]): number {
  let count = 0;
  for (const chunk of chunks) for (let at = 0; at < chunk.length; at++) if (chunk[at] === LF) count += 1;
  return count;
}
