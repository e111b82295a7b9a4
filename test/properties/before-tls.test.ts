// Standing property 6: octets before TLS never affect anything after it, on either side (RFC 3207 §4.2).

import {
  clientProfile,
  ClientSession,
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
import { application, clientDialogues, type ClientDialogue, type Verdict } from "../support/dialogues.ts";
import {
  clientDialogues as clientSides,
  converse,
  type ClientDialogue as ClientSide,
} from "../support/scripted-server.ts";
import { verdicts } from "../support/dialogues.ts";
import { coalesced, octetsOf, SessionHarness } from "../support/session-harness.ts";
import { noDelays } from "../support/no-delays.ts";

const tls = { protocol: "TLSv1.3" };
/** What a client has spent of its patience stays spent: not to be confused with what it said. */
const patient = { errors: 1e6, commandsWithoutMail: 1e6, authenticationAttempts: 1e6 };
const serverOptions: ServerSessionOptions = {
  hostname: "mx.example.org",
  startTls: true,
  authentication: { allowInClear: true },
  limits: { ...patient, recipients: 3, messageSize: 200 },
  timeouts: noDelays,
};

type ServerHarness = SessionHarness<ServerIntent, ServerEvent>;

/** Gets a session that is not closed to where STARTTLS is in order. */
function abandonWhatIsOpen(session: ServerSession, harness: ServerHarness): void {
  if (session.state.endsWith("receivingContent")) harness.receive(octetsOf("\r\n.\r\n"));
  else if (session.state.endsWith("expectingResponse")) harness.receive(octetsOf("\r\n*\r\n"));
  else harness.receive(octetsOf("\r\n"));
  for (const line of ["RSET\r\n", "EHLO client.example\r\n"]) harness.receive(octetsOf(line));
}

/** What a server says and tells from the start of TLS on; `undefined` where it did not come to that. */
function afterTls(before: ClientDialogue, after: ClientDialogue, script: readonly Verdict[]) {
  let started = false;
  const session = new ServerSession(serverProfile(serverOptions), 0);
  const { harness, first } = answered(session, script, (event) => (started ||= event.type === "tlsStarted"));
  for (const segment of before.segments) harness.receive(octetsOf(segment));
  if (harness.closed || started) return undefined;
  abandonWhatIsOpen(session, harness);
  harness.receive(octetsOf("STARTTLS\r\n"));
  return started ? outcome(session, harness, after, first) : undefined;
}

/** What a server says and tells behind its greeting where TLS came first, so that nothing can have been said in the clear. */
function underTlsFromTheStart(after: ClientDialogue, script: readonly Verdict[]) {
  const session = new ServerSession(serverProfile(serverOptions), 0, { tls });
  const { harness, first } = answered(session, script, (event) => event.type !== "connectionReceived");
  return outcome(session, harness, after, first);
}

/** A server whose application says yes until something has begun, and then follows the script. */
function answered(session: ServerSession, script: readonly Verdict[], begun: (event: ServerEvent) => boolean) {
  let number = Infinity;
  const first = () => number;
  const [yes, scripted] = [application(["accept"]), application(script, first)];
  const harness: ServerHarness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    tls,
    promptly: true,
    answer(event) {
      if (!begun(event)) return yes(event);
      if ("decision" in event) number = Math.min(number, event.decision);
      return scripted(event);
    },
  });
  return { harness, first };
}

function outcome(session: ServerSession, harness: ServerHarness, after: ClientDialogue, first: () => number) {
  const [said, told] = [harness.output.length, harness.events.length];
  for (const segment of after.segments) harness.receive(octetsOf(segment));
  if (after.ends) harness.end();
  return {
    output: harness.output.slice(said),
    events: coalesced(harness.events.slice(told)).map((event) => renumbered(event, first())),
    state: session.state,
    stale: harness.stale,
  };
}

function renumbered(event: unknown, first: number): unknown {
  const { decision } = event as { decision?: number };
  return decision === undefined ? event : { ...(event as object), decision: decision - first };
}

/** What is said under TLS, half of it without an introduction. */
const afterwards = fc.tuple(clientDialogues, fc.boolean()).map(([{ segments, ends }, introduced]) => {
  const [first = "", ...rest] = segments;
  return { segments: introduced ? segments : [first.replace("EHLO client.example\r\n", ""), ...rest], ends };
});

describe("a server session under TLS", () => {
  test("says and does the same whatever was said in the clear", () => {
    let compared = 0;
    fc.assert(
      fc.property(clientDialogues, afterwards, verdicts, (before, after, script) => {
        const upgraded = afterTls(before, after, script);
        if (upgraded === undefined) return;
        compared += 1;
        expect(upgraded).toEqual(underTlsFromTheStart(after, script));
      }),
      times(2),
    );
    expect(compared).toBeGreaterThan(80);
  });

  test("knows neither the client's name nor its identity nor any mail from before", () => {
    const before = {
      segments: ["EHLO a.example\r\nAUTH PLAIN AHVzZXIAcGFzcw==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\n"],
      ends: false,
    };
    const upgraded = afterTls(
      before,
      { segments: ["MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nAUTH PLAIN\r\n"], ends: false },
      ["accept"],
    );
    expect(upgraded?.output.split("\r\n").map((line) => line.slice(0, 3))).toEqual(["503", "503", "503", "503", ""]);
  });
});

const hostile = fc.constantFrom(
  "RSET\r\n",
  "EHLO b.example\r\nMAIL FROM:<a@b>\r\n",
  "N",
  "\r\n",
  "\0",
  "\x16\x03\x01",
  "QUIT\r\n",
);

describe("a server session that is told to start TLS", () => {
  test("closes at octets behind STARTTLS in the clear, whenever they come, and executes none of them", () => {
    const whens = fc.constantFrom("inOneChunk", "whileTheApplicationDecides", "duringTheHandshake");
    fc.assert(
      fc.property(hostile, whens, fc.nat(10), (injected, when, cut) => {
        const session = new ServerSession(serverProfile(serverOptions), 0);
        const accept = application(["accept"]);
        const late = (event: ServerEvent) => {
          const said = accept(event);
          return said && event.type === "startTlsReceived" && when === "whileTheApplicationDecides"
            ? { ...said, after: 1 }
            : said;
        };
        const harness = new SessionHarness<ServerIntent, ServerEvent>(session, { answer: late, readsOn: true });
        harness.receive(octetsOf("EHLO a.example\r\n"));
        const known = harness.events.length;
        if (when === "inOneChunk") {
          const all = `STARTTLS\r\n${injected}`;
          // Cut within the command: its end and what is behind it still come together.
          const at = Math.min(cut, "STARTTLS\r".length);
          for (const chunk of [all.slice(0, at), all.slice(at)]) harness.receive(octetsOf(chunk));
        } else {
          harness.receive(octetsOf("STARTTLS\r\n"));
          harness.receive(octetsOf(injected));
        }
        harness.advance();
        expect(harness.closed).toBe(true);
        const told = harness.events.slice(known).map(({ type }) => type);
        expect(told.filter((type) => type !== "startTlsReceived")).toEqual(["sessionClosed"]);
        expect(harness.events.at(-1)).toMatchObject({ reason: "violation" });
        // Not a word that could be taken for an answer to what was injected.
        const last = harness.output.slice(harness.output.lastIndexOf("\r\n", harness.output.length - 3) + 2);
        expect(last).toMatch(/^(554 5\.5\.1 Octets behind STARTTLS|220 2\.0\.0 Ready)/);
        expect(harness.securings).toBe(when === "duringTheHandshake" ? 1 : 0);
      }),
    );
  });
});

/** What a client says and tells from the start of TLS on, its greeting left out: that was heard in the clear. */
function clientAfterTls(side: ClientSide) {
  const { harness, session } = converse(side, [Infinity].values());
  if (harness.securings === 0) return undefined;
  const started = harness.events.findIndex(({ type }) => type === "tlsStarted");
  const startTls = harness.output.indexOf("STARTTLS\r\n") + "STARTTLS\r\n".length;
  return {
    output: harness.output.slice(startTls),
    events: harness.events
      .slice(started)
      .map((event) => (event.type === "opened" ? { ...event, greeting: undefined } : event)),
    state: session.state,
  };
}

describe("a client session under TLS", () => {
  const capability = fc.oneof(
    fc.constantFrom(
      "PIPELINING",
      "AUTH PLAIN LOGIN",
      "AUTH=LOGIN",
      "SIZE 10",
      "SIZE 1",
      "8BITMIME",
      "SMTPUTF8",
      "X-\xff",
      "",
      " ",
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^ -~]/g, "")),
  );

  test("says and does the same whatever the server said in the clear", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        clientSides,
        fc.array(capability, { maxLength: 6 }),
        fc.constantFrom("usual" as const, "many" as const, 299),
        (side, offers, greeting) => {
          const reactions = ["usual", "usual", ...side.script.reactions] as const;
          const script = {
            ...side.script,
            reactions,
            greeting: "usual" as const,
            offers: [["STARTTLS"], side.script.offers[1]] as const,
          };
          const quiet = clientAfterTls({ ...side, script });
          if (quiet === undefined) return;
          compared += 1;
          const loud = { ...script, greeting, offers: [[...offers, "STARTTLS"], script.offers[1]] as const };
          expect(clientAfterTls({ ...side, script: loud })).toEqual(quiet);
        },
      ),
      times(2),
    );
    expect(compared).toBeGreaterThan(80);
  });

  test("knows of no extension that was offered in the clear", () => {
    const session = new ClientSession(clientProfile({ hostname: "a.example" }), 0);
    const harness = new SessionHarness<ClientIntent, ClientEvent>(session, { tls });
    harness.receive(octetsOf("220 mx.example.org\r\n"));
    harness.receive(octetsOf("250-mx.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n"));
    expect(session.capabilities.length).toBe(2);
    harness.receive(octetsOf("220 Go on\r\n"));
    expect(session.state).toBe("opening.expectingEhloReply");
    expect(session.capabilities).toEqual([]);
  });

  test("closes at octets behind the reply to STARTTLS in the clear, whenever they come, and says nothing more", () => {
    const replies = fc.constantFrom(
      "250 injected\r\n",
      "250-PIPELINING\r\n250 AUTH PLAIN\r\n",
      "2",
      "\r\n",
      "\0",
      "\x16\x03\x03",
    );
    fc.assert(
      fc.property(replies, fc.nat(24), fc.boolean(), (injected, cut, together) => {
        const credentials = { user: "user", password: "secret" };
        const session = new ClientSession(clientProfile({ hostname: "a.example", credentials }), 0);
        const harness = new SessionHarness<ClientIntent, ClientEvent>(session, { readsOn: true });
        harness.receive(octetsOf("220 mx.example.org\r\n"));
        harness.receive(octetsOf("250-mx.example.org\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"));
        const said = harness.output;
        const go = "220 2.0.0 Ready\r\n";
        const all = together ? go + injected : go;
        const at = Math.min(cut, go.length - 1);
        for (const chunk of [all.slice(0, at), all.slice(at), together ? "" : injected])
          harness.receive(octetsOf(chunk));
        expect(harness.closed).toBe(true);
        expect(harness.output).toBe(said);
        expect(harness.events.map(({ type }) => type)).toEqual(["sessionClosed"]);
        expect(harness.events.at(-1)).toMatchObject({ failure: { kind: "protocol" } });
        expect(harness.securings).toBe(together ? 0 : 1);
      }),
    );
  });
});
