// A server's session behind a proxy: the header comes before everything else, and changes nothing of what follows.

import { formatProxyHeader, serverProfile, ServerSession, type Output, type ServerEvent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { application, chunkings, chunksOf, clientDialogues, cycle, verdicts } from "../support/dialogues.ts";
import { proxyHeaders } from "../support/proxy-headers.ts";
import { converse, plainly, serverOptions, ways, type Conversation } from "../support/server-conversation.ts";
import { coalesced, latin1, octetsOf, SessionHarness } from "../support/session-harness.ts";

const headers = proxyHeaders.map((header) => ({ header, octets: latin1(formatProxyHeader(header)) }));

function told({ harness, states }: Conversation) {
  const events = coalesced(harness.events) as { readonly type: string }[];
  return { output: harness.output, closed: harness.closed, now: harness.now, states, events };
}

function proxied(profile = serverProfile({ hostname: "mx.example.org" }), implicitTls = false): ServerSession {
  return new ServerSession(profile, 0, { proxied: true, implicitTls });
}

describe("a server session behind a proxy", () => {
  test("tells of the header first, and then says and does what it would without, however it is cut into chunks", () => {
    fc.assert(
      fc.property(headers, serverOptions, clientDialogues, verdicts, ways, (first, options, client, script, way) => {
        const plain = told(converse(options, client, script, plainly));
        const { events, ...rest } = told(converse(options, client, script, way, first.octets));
        expect(events[0]).toMatchObject({ type: "proxied", header: { command: first.header.command } });
        expect({ events: events.slice(1), ...rest }).toEqual(plain);
      }),
      times(2),
    );
  });

  test("closes without a word on whatever is no header, and tells why where anything came", () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 1 }),
      fc
        .constantFrom("PROXY ", "PROXY TCP4 ", "\r\n\r\n\0\r\nQUIT\n")
        .chain((start) => fc.uint8Array({ maxLength: 300 }).map((end) => octetsOf(start + latin1(end)))),
    );
    fc.assert(
      fc.property(octets, chunkings, (bytes, sizes) => {
        const harness = new SessionHarness(proxied(), { answer: application(["accept"]) });
        for (const chunk of chunksOf(latin1(bytes), cycle(sizes))) harness.receive(chunk);
        fc.pre(!harness.events.some(({ type }) => type === "proxied"));
        harness.runOut();
        expect(harness.output).toBe("");
        expect(harness.now).toBeLessThanOrEqual(5_000);
        const types = harness.events.map(({ type }) => type);
        expect([["proxyHeaderRefused", "sessionClosed"], ["sessionClosed"]]).toContainEqual(types);
      }),
    );
  });

  test("gives what came behind the header to the handshake where TLS comes first, to the octet", () => {
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 100 }), fc.nat(), ({ octets }, rest, cut) => {
        const session = proxied(undefined, true);
        const bytes = octetsOf(octets + latin1(rest));
        const at = cut % (octets.length + 1);
        const outputs: Output<ServerEvent>[] = [];
        for (const chunk of [bytes.subarray(0, at), bytes.subarray(at)]) {
          if (chunk.length === 0 || session.state !== "expectingProxyHeader") continue;
          session.handle({ type: "received", bytes: chunk }, 0);
          for (let output = session.poll(); output.kind !== "idle"; output = session.poll()) outputs.push(output);
        }
        expect(session.state).toBe("securingFirst");
        const effects = outputs.flatMap((output) => (output.kind === "effect" ? output.effect : []));
        const unread = at === octets.length || rest.length === 0 ? {} : { unread: rest };
        expect(effects).toEqual([{ type: "startTls", ...unread }]);
        expect(session.poll()).toMatchObject({ wants: "intent" });
        session.handle({ type: "received", bytes: Uint8Array.of(1) }, 0);
        expect(session.state).toBe("closed");
      }),
    );
  });
});
