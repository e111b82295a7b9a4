// Chunks that are refused: errors of the client's, unless it may have sent them before it could know.

import { reply, type ServerEvent } from "@carteiro/core";
import { expect, test } from "vitest";
import { SessionHarness } from "../../support/session-harness.ts";
import { accepting, newSession, say, type ServerHarness } from "./subjects.ts";

const hello = "EHLO client.example.org\r\n";
const mail = "MAIL FROM:<smith@example.org>\r\n";
const rcpt = "RCPT TO:<jones@example.com>\r\n";
const chunk = "BDAT 1\r\nx";
const options = { limits: { errors: 5 }, timeouts: { errorDelay: 0 } };

/** Refuses what this event asks for. */
function refusing(type: ServerEvent["type"]): ServerHarness {
  return new SessionHarness(newSession(options), {
    answer: (event: ServerEvent) => {
      if (!("decision" in event) || event.type === "decisionExpired") return undefined;
      const { decision } = event;
      if (event.type !== type) return { intent: { type: "accept", decision } };
      return { intent: { type: "reject", decision, reply: reply(550, "5.7.1", "No") } };
    },
    promptly: true,
  });
}

test.each([
  ["before EHLO", "", undefined],
  ["before EHLO, behind a MAIL that is refused for it", mail, undefined],
  ["while no transaction is open", hello, undefined],
  ["behind a transaction that was reset", `${hello}${mail}${rcpt}RSET\r\n`, undefined],
  ["behind a refused recipient that was reset", `${hello}${mail}${rcpt}RSET\r\n`, "recipientReceived"],
  ["behind MAIL alone", `${hello}${mail}`, undefined],
  ["behind a message that was taken", `${hello}${mail}${rcpt}BDAT 1 LAST\r\nx`, undefined],
  ["after a refused greeting", "", "connectionReceived"],
] as const)("server counts chunks %s as errors", (_, lines, refused) => {
  const harness = refused === undefined ? accepting(options) : refusing(refused);
  if (lines !== "") say(harness, lines);
  for (let chunks = 0; chunks < 6 && !harness.closed; chunks++) say(harness, chunk);
  expect(harness.closed).toBe(true);
  expect(harness.output).toMatch(/421 4\.7\.0 [^\n]*\r\n$/);
});

test.each([
  ["MAIL", `${hello}${mail}${rcpt}`, "mailReceived"],
  ["RCPT", `${hello}${mail}${rcpt}`, "recipientReceived"],
  ["first chunk", `${hello}${mail}${rcpt}${chunk}`, "dataReceived"],
] as const)("server counts no chunks as errors that may have been sent ahead of a refused %s", (_, lines, refused) => {
  const harness = refusing(refused);
  say(harness, lines);
  for (let chunks = 0; chunks < 50; chunks++) say(harness, chunk);
  expect(harness.closed).toBe(false);
});

test("server counts no chunks as errors that may have been sent ahead of the refusal of their content", () => {
  const harness = accepting({ ...options, limits: { ...options.limits, messageSize: 5 } });
  say(harness, `${hello}${mail}${rcpt}BDAT 6\r\nxxxxxx`);
  for (let chunks = 0; chunks < 50; chunks++) say(harness, chunk);
  expect(harness.closed).toBe(false);
});
