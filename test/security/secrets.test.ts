// Passwords stay out of traces, however clumsily they are sent, to a server that takes them and to one that does not.

import {
  clientProfile,
  ClientSession,
  reply,
  serverProfile,
  ServerSession,
  type ClientEvent,
  type ClientIntent,
  type ServerEvent,
  type ServerIntent,
  type ServerSessionOptions,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { chunkings, chunksOf, cycle } from "../support/dialogues.ts";
import { ScriptedExchange } from "../support/scripted-exchange.ts";
import { octetsOf, SessionHarness } from "../support/session-harness.ts";

const password = "hunter2-correct-horse";
const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
const plain = base64(`\0user\0${password}`);
/** The password in every form that occurs below, in parts too small to be recognised by chance only. */
const traces = [password, base64(password), plain].map((form) => form.slice(8, 20));
/** It as a token, which stands behind other words: whatever its place in the group of three octets. */
const tokenTraces = ["", "x", "xx"].map((before) => base64(before + password).slice(8, 20));

function expectHidden(events: readonly { readonly type: string }[]): void {
  const told = JSON.stringify(events.filter(({ type }) => type !== "authenticationReceived"));
  for (const trace of [...traces, ...tokenTraces]) expect(told).not.toContain(trace);
}

const settings: readonly Partial<ServerSessionOptions>[] = [
  { authentication: { allowInClear: true } },
  { authentication: { allowInClear: true, mechanisms: ["LOGIN"] } },
  { authentication: { allowInClear: true }, limits: { responseLine: 20 } },
  { authentication: { allowInClear: true }, limits: { errors: 1 } },
  { authentication: {}, startTls: true, requireTls: true },
  { authentication: {} },
  {},
];

const before = fc.constantFrom(
  "EHLO a\r\n",
  "EHLO a\r\n",
  "EHLO a\r\n",
  "",
  "EHLO a\r\nMAIL FROM:<a@b>\r\n",
  "HELO a\r\n",
  "EHLO a\r\nAUTH LOGIN\r\n*\r\n",
);
const clumsyVerb = fc
  .tuple(fc.constantFrom("", "", " ", "\t", "\0", "\xff", "x"), fc.constantFrom("AUTH", "auth", "AUTH:", "AUTH="))
  .map((parts) => parts.join(""));
const space = fc.constantFrom(" ", " ", "  ", "\t", "\0", "", "\r\n", "\r\n", "\n", "\r");
const mechanism = fc.constantFrom("PLAIN", "LOGIN", "plain", "SCRAM-SHA-256", "PL\xc4IN", "");
const user = fc.constantFrom("", "", `${base64("user")}\r\n`, "user\r\n", "*\r\n");
const secret = fc.constantFrom(
  plain,
  base64(password),
  password,
  `${plain}!`,
  `${plain} more`,
  `=${plain}`,
  `${plain}\0`,
);
const clumsy = fc.tuple(
  clumsyVerb,
  fc.constant(" "),
  mechanism,
  space,
  user,
  secret,
  fc.constantFrom("\r\n", "\n", ""),
);
const proper = fc.constantFrom(
  `AUTH PLAIN ${plain}\r\n`,
  `AUTH PLAIN\r\n${plain}\r\n`,
  `AUTH LOGIN\r\n${base64("user")}\r\n${base64(password)}\r\n`,
);
const lines = fc.oneof(
  clumsy.map((parts) => parts.join("")),
  proper,
);

/** An application that knows nobody by that password, or does, or is too slow to say so. */
const answers = {
  accept: (decision: number): ServerIntent => ({ type: "accept", decision }),
  reject: (decision: number): ServerIntent => ({ type: "reject", decision, reply: reply(535, "5.7.8", "No") }),
  silence: () => undefined,
};

describe("passwords in logs", () => {
  test("server tells them in the decision alone, wherever the client says AUTH and whatever it makes of it", () => {
    let asked = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...settings),
        fc.constantFrom("accept" as const, "reject" as const, "silence" as const),
        fc.tuple(before, lines, lines).map((parts) => parts.join("")),
        chunkings,
        (options, verdict, text, sizes) => {
          const session = new ServerSession(serverProfile({ ...options, hostname: "mx.example.org", trace: true }), 0);
          const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
            answer(event) {
              if (!("decision" in event) || event.type === "decisionExpired") return undefined;
              if (event.type === "authenticationReceived") asked += 1;
              const decide = answers[event.type === "authenticationReceived" ? verdict : "accept"];
              const intent = decide(event.decision);
              return intent && { intent };
            },
          });
          for (const chunk of chunksOf(text, cycle(sizes))) harness.receive(chunk);
          harness.end();
          harness.runOut();
          expectHidden(harness.events);
        },
      ),
      times(4),
    );
    expect(asked).toBeGreaterThan(30);
  });

  test("client tells them to the server alone, whatever that says to them", () => {
    let sent = 0;
    const said = fc.constantFrom(
      "235 OK",
      "334 ",
      "334 VXNlcm5hbWU6",
      "334 !",
      "535 No",
      "421 Bye",
      "250 OK",
      "hm",
      `334 ${base64('{"status":"401"}')}`,
      "334-\r\n334 ",
    );
    fc.assert(
      fc.property(
        fc.constantFrom("PLAIN", "LOGIN", "LOGIN PLAIN", "XOAUTH2", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-1"),
        fc.array(said, { maxLength: 4 }),
        (offer, replies) => {
          const isToken = offer.includes("OAUTH");
          const credentials = isToken ? { user: "user", token: password } : { user: "user", password };
          const profile = clientProfile({
            hostname: "a",
            tls: "never",
            allowAuthInClear: true,
            credentials,
            trace: true,
          });
          const harness = new SessionHarness<ClientIntent, ClientEvent>(new ClientSession(profile, 0));
          for (const line of ["220 x", "250-x", `250 AUTH ${offer}`, ...replies])
            if (!harness.closed) harness.receive(octetsOf(`${line}\r\n`));
          harness.runOut();
          const isSent = [...traces, ...tokenTraces].some((trace) => harness.output.includes(trace));
          // By SCRAM not even the server is told.
          expect(isSent && offer.startsWith("SCRAM")).toBe(false);
          if (isSent) sent += 1;
          expectHidden(harness.events);
          expect(JSON.stringify(harness.events)).toContain("AUTH ");
        },
      ),
    );
    expect(sent).toBeGreaterThan(50);
  });

  test("client that cannot send a password does not show it in the error either", () => {
    for (const bad of [`${password}\0`, `${password}\ud800`]) {
      const make = () => clientProfile({ hostname: "a", credentials: { user: "user", password: bad } });
      expect(make).toThrow(/^Password: /);
      expect(make).not.toThrow(password.slice(0, 8));
      const token = () => clientProfile({ hostname: "a", credentials: { user: "user", token: bad } });
      expect(token).toThrow(/^Token: /);
      expect(token).not.toThrow(password.slice(0, 8));
    }
  });

  test("client tells of a proof that the server asked for with its own words nothing", () => {
    fc.assert(
      fc.property(chunkings, fc.constantFrom(undefined, "AAAA"), (sizes, wrong) => {
        const credentials = { user: "user", password: "secret" };
        const profile = clientProfile({ hostname: "a", tls: "never", credentials, trace: true });
        const harness = new SessionHarness<ClientIntent, ClientEvent>(new ClientSession(profile, 0));
        const chunks = cycle(sizes);
        const hear = (text: string) => {
          for (const chunk of chunksOf(`${text}\r\n`, chunks)) harness.receive(chunk);
        };
        const lines = () => harness.output.split("\r\n");
        hear("220 x");
        hear("250-x\r\n250 AUTH SCRAM-SHA-256");
        const exchange = new ScriptedExchange(lines().at(-2) ?? "");
        hear(exchange.reply);
        const proof = lines().at(-2) ?? "";
        hear(wrong === undefined ? exchange.respond(proof) : `334 ${wrong}`);
        expect(harness.output).toContain(proof);
        expect(JSON.stringify(harness.events)).not.toContain(proof.slice(20, 60));
        expect(JSON.stringify(harness.events)).toContain("AUTH SCRAM-SHA-256 *");
      }),
    );
  });
});
