// What every client must be able to do with `carteiro serve`: send each message of the corpus by each listener, so that
// it lies in the mailbox octet for octet, and be told of what is refused.

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { serve, user, type Served } from "../support/carteiro.ts";
import { corpus, CorpusFiles, shortMessage, type CorpusMessage } from "./corpus.ts";

export interface Submission {
  readonly message: CorpusMessage;
  /** The message as a file. */
  readonly file: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly tls: "none" | "starttls" | "implicit";
  readonly caFile: string;
  readonly auth: { readonly user: string; readonly password: string } | undefined;
}

export interface ClientUnderTest {
  /** Sends; tells whether the client takes it for a success, and what it said. */
  readonly send: (submission: Submission) => Promise<{ readonly ok: boolean; readonly said: string }>;
  /** Whether the others get the message where one recipient is refused; else nobody does. */
  readonly partial: boolean;
}

const listeners = {
  "the relay listener": { role: "relay", tls: "none", protocol: "ESMTP" },
  "the relay listener under STARTTLS": { role: "relay", tls: "starttls", protocol: "ESMTPS" },
  "the submission listener": { role: "submission", tls: "starttls", protocol: "ESMTPSA" },
  "the submissions listener": { role: "submissions", tls: "implicit", protocol: "ESMTPSA" },
} as const;

type Listener = (typeof listeners)[keyof typeof listeners];

/** Declares the tests of one client; gives the server that it talks to, for more of them. */
export function clientContract({ send, partial }: ClientUnderTest): { readonly server: () => Served } {
  const files = new CorpusFiles();
  let server: Served;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(async () => {
    files[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const submit = (listener: Listener, message: CorpusMessage, rest: Partial<Submission> = {}) =>
    send({
      message,
      file: files.of(message),
      from: "sender@example.net",
      to: [user.address],
      host: "localhost",
      port: server.ports[listener.role],
      tls: listener.tls,
      caFile: server.caFile,
      auth: listener.role === "relay" ? undefined : { user: user.address, password: user.password },
      ...rest,
    });

  describe.each(Object.entries(listeners))("by %s", (_, listener) => {
    // Each may take a process: not every message goes every way.
    const messages = listener.role === "relay" && listener.tls === "starttls" ? [shortMessage] : corpus;
    test.each(messages)("delivers a message $name octet for octet", async (message) => {
      expect(await submit(listener, message)).toMatchObject({ ok: true });
      const [stored, ...others] = server.take();
      expect(others).toEqual([]);
      expect(stored?.returnPath).toBe("Return-Path: <sender@example.net>");
      expect(stored?.received).toContain(` with ${listener.protocol} `);
      expect(stored?.content.equals(message.expected)).toBe(true);
    });
  });

  const bia = "bia@example.org";
  const { "the relay listener": relay, "the submission listener": submission } = listeners;

  test(`is told of a refused recipient, and ${partial ? "the others" : "no others"} get the message`, async () => {
    const { said } = await submit(relay, shortMessage, { to: [user.address, "nobody@example.org", bia] });
    expect(said).toContain("No such mailbox here");
    expect(said).toContain("nobody@example.org");
    expect([server.take().length, server.take(bia).length]).toEqual(partial ? [1, 1] : [0, 0]);
  });

  test("is told that mail for elsewhere is not relayed", async () => {
    const { ok, said } = await submit(submission, shortMessage, { to: ["friend@example.com"] });
    expect(said).toContain("Relaying to other domains is not available yet");
    expect(ok).toBe(false);
  });

  test.each([
    ["without a password", { auth: undefined }],
    ["with a wrong password", { auth: { user: user.address, password: "guess" } }],
  ])("does not submit %s", async (_, wrong) => {
    expect((await submit(submission, shortMessage, wrong)).ok).toBe(false);
    expect(server.take()).toEqual([]);
  });

  return { server: () => server };
}
