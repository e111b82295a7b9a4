// Content that comes with `send` as a whole: it goes out, and comes to the same, as content that is submitted when it is wanted.

import { clientProfile, ClientSession, type ClientEvent, type ClientIntent } from "@carteiro/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { times } from "../../support/arbitraries.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";
import { send } from "./states.ts";

const exchanges = fc.record({
  parts: fc.array(fc.constantFrom("\r\n", ".", "..", "text", "\n", "\r", "é"), { maxLength: 12 }),
  keywords: fc.subarray(["PIPELINING", "CHUNKING"]),
  options: fc.record({
    protocol: fc.constantFrom("smtp", "lmtp"),
    bareNewlines: fc.constantFrom("normalise", "reject"),
    limits: fc.constantFrom({ chunk: 4 }, {}),
  }),
  replies: fc.array(fc.constantFrom("250 OK", "250 OK", "250 OK", "354 Go", "354 Go", "452 Later", "554 No"), {
    minLength: 3,
    maxLength: 12,
  }),
});

type Exchange = typeof exchanges extends fc.Arbitrary<infer Value> ? Value : never;

function outcome({ parts, keywords, options, replies }: Exchange, comesWithSend: boolean) {
  const profile = clientProfile({ hostname: "client.example", ...options });
  const harness = new SessionHarness<ClientIntent, ClientEvent>(new ClientSession(profile, 0));
  const content = octetsOf(parts.join(""));
  const offer = ["mx", ...keywords].map((line, at) => `250${at < keywords.length ? "-" : " "}${line}\r\n`).join("");
  for (const reply of ["220 mx\r\n", offer]) harness.receive(octetsOf(reply));
  harness.submit(comesWithSend ? { ...send, content } : send);
  let isAsked = false;
  for (const reply of replies) {
    if (!harness.closed) harness.receive(octetsOf(`${reply}\r\n`));
    if (isAsked || harness.events.at(-1)?.type !== "contentWanted") continue;
    isAsked = true;
    harness.submit({ type: "content", bytes: content });
    if (!harness.closed) harness.submit({ type: "endContent" });
  }
  const events = harness.events.filter(({ type }) => type !== "contentWanted");
  const session = harness.session as ClientSession;
  return { output: harness.output, events, state: session.state, contentEnded: session.contentEnded };
}

test("client sends content that came with the message as it sends content that it asks for", () => {
  let sent = 0;
  fc.assert(
    fc.property(exchanges, (exchange) => {
      const asked = outcome(exchange, false);
      if (asked.contentEnded) sent += 1;
      expect(outcome(exchange, true)).toEqual(asked);
    }),
    times(200),
  );
  expect(sent).toBeGreaterThan(10);
});
