// BURL: what onReference fetches becomes part of the content that onMessage gets.

import { burl, InvalidValueError } from "@carteiro/core";
import {
  accept,
  ContentRefusedError,
  fetched,
  reject,
  type ReferenceAnswer,
  type ServerOptions,
} from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { memoryServer } from "../support/memory-server.ts";

const upToRecipient = ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>"];

/** A server that fetches so, and a client in a transaction. */
async function fetching(onReference: NonNullable<ServerOptions["onReference"]>, options: Partial<ServerOptions> = {}) {
  const texts: string[] = [];
  const failures: unknown[] = [];
  const rig = memoryServer({
    extensions: [burl(["imap"])],
    onReference,
    onMessage: async ({ content }) => {
      await content.text().then(
        (text) => texts.push(text),
        (error: unknown) => failures.push(error),
      );
    },
    ...options,
  });
  return { ...rig, client: await rig.after(...upToRecipient), texts, failures };
}

describe("BURL", () => {
  test("makes what its handler fetches part of the content", async () => {
    const urls: string[] = [];
    const { client, texts } = await fetching(({ url, last, envelope }) => {
      urls.push(`${url} ${last} ${envelope.recipients.length}`);
      return last ? Promise.resolve(fetched(Uint8Array.of(0x62, 13, 10))) : fetched("Grüße\r\n\r\n");
    });
    expect(await client.ask("BURL imap://h/1")).toBe("250 2.0.0 11 octets received");
    expect(await client.ask("BDAT 3\r\na\r\n".slice(0, -2))).toBe("250 2.0.0 3 octets received");
    expect(await client.ask("BURL imap://h/2 LAST")).toBe("250 2.6.0 Message accepted");
    expect(texts).toEqual(["Grüße\r\n\r\na\r\nb\r\n"]);
    expect(urls).toEqual(["imap://h/1 false 1", "imap://h/2 true 1"]);
  });

  test.each<[string, () => ReferenceAnswer, string, number]>([
    ["nothing", () => undefined, "554 5.6.6 The content referred to is not available", 0],
    ["a refusal", () => reject(554, "5.7.0", "Not yours"), "554 5.7.0 Not yours", 0],
    ["accept()", () => accept() as never, "451 4.3.0 Local error in processing; try again later", 1],
    [
      "an error",
      () => Promise.reject(new Error("IMAP is down")),
      "451 4.3.0 Local error in processing; try again later",
      1,
    ],
  ])("that is answered with %s refuses the message, and its content fails", async (_, answer, reply, errors) => {
    const rig = await fetching(answer);
    expect(await rig.client.ask("BURL imap://h/1")).toBe(reply);
    await rig.client.ask("NOOP");
    expect(rig.failures).toEqual([expect.any(ContentRefusedError)]);
    expect(rig.texts).toEqual([]);
    expect(rig.errors()).toHaveLength(errors);
  });

  test("needs a handler, and CHUNKING", () => {
    expect(() => memoryServer({ extensions: [burl()] })).toThrow("extensions have BURL: add onReference");
    const onReference = () => fetched("");
    expect(() => memoryServer({ extensions: [burl()], onReference, chunking: false })).toThrow(InvalidValueError);
  });

  test("is the only step that fetched() answers", async () => {
    const { client, errors } = await fetching(() => fetched(""), { onReset: (() => fetched("")) as never });
    expect(await client.ask("RSET")).toMatch("451 4.3.0");
    expect(errors()).toEqual(["TypeError: fetched(…) answers onReference alone"]);
  });
});

describe("a trace", () => {
  test("does not tell the URL, which may authorise whoever has it", async () => {
    const lines: string[] = [];
    const { server, connect } = memoryServer({ extensions: [burl()], onReference: () => undefined });
    server.on("trace", ({ line }) => lines.push(line));
    const client = connect();
    await client.reply();
    await client.ask("EHLO client.example.org");
    await client.ask("BURL imap://user@h/1;urlauth=secret LAST");
    await client.ask("BURL secret");
    expect(lines.join("\n")).not.toContain("secret");
    expect(lines).toContain("BURL *");
  });
});
