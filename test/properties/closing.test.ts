// Standing property 8: no input makes `handle` throw, and with time advancing every session closes, whatever the peer does:
// whether it is silent, dribbles, goes on for ever, or is answered by nobody.

import {
  clientProfile,
  ClientSession,
  mailbox,
  serverProfile,
  ServerSession,
  type ClientEvent,
  type ClientIntent,
  type Input,
  type ServerEvent,
  type ServerIntent,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { application, clientDialogues, cycle, verdicts } from "../support/dialogues.ts";
import {
  acts,
  clientOptions,
  ScriptedServer,
  serverScripts,
  takesContent,
  type Act,
} from "../support/scripted-server.ts";
import { serverOptions } from "../support/server-conversation.ts";
import { octetsOf, SessionHarness } from "../support/session-harness.ts";

const octets = fc.oneof(
  { weight: 2, arbitrary: clientDialogues.map(({ segments }) => octetsOf(segments.join(""))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  {
    weight: 1,
    arbitrary: serverScripts.map(({ reactions }) =>
      octetsOf(reactions.map((reaction) => `${JSON.stringify(reaction)}\r\n`).join("")),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        "220 a\r\n",
        "250 a\r\n",
        "250-a\r\n250 STARTTLS\r\n",
        "354 a\r\n",
        "334 \r\n",
        "421 a\r\n",
        "550 a\r\n",
      )
      .map(octetsOf),
  },
);

const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant("received" as const), bytes: octets }) },
  { weight: 2, arbitrary: fc.constant({ type: "elapsed" } as const) },
  { weight: 2, arbitrary: fc.constant({ type: "secured", tls: {} } as const) },
  { weight: 1, arbitrary: fc.constant({ type: "ended" } as const) },
  { weight: 1, arbitrary: fc.constant({ type: "broken" } as const) },
);

/** Inputs in any order, most of them with the session drained after each, and time that goes on in steps of any size. */
const happenings = fc.array(
  fc.record({
    input: inputs,
    drained: fc.constantFrom(true, true, true, false),
    pause: fc.constantFrom(0, 0, 0, 1, 60_000, 1_000_000),
  }),
  { maxLength: 30, size: "max" },
);

describe("a server session", () => {
  test("takes any inputs in any order without throwing, and closes in its time", () => {
    fc.assert(
      fc.property(serverOptions, verdicts, happenings, (options, script, list) => {
        const session = new ServerSession(serverProfile({ ...options, hostname: "mx.example.org" }), 0);
        const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
          answer: application(script),
          promptly: true,
          tls: {},
        });
        for (const { input, drained, pause } of list) {
          harness.now += pause;
          session.handle(input, harness.now);
          if (drained) harness.elapse();
        }
        harness.runOut();
        expect(harness.now).toBeLessThanOrEqual(
          Math.max(
            86_400_000,
            list.reduce((sum, { pause }) => sum + pause, 0),
          ),
        );
        // And nothing wakes it up.
        for (const { input } of list) session.handle(input, harness.now);
        expect(session.poll()).toMatchObject({ kind: "idle", wants: "nothing", deadline: undefined });
      }),
      times(3),
    );
  });

  test("closes within the time for a whole session, however slowly or fast and for however long the client goes on", () => {
    const timeouts = { session: 3_600_000 };
    const periods = fc.constantFrom(1_000, 59_000, 240_000, 299_999);
    const clients = fc.oneof(
      clientDialogues.map(({ segments }) => segments.join("")),
      fc.constantFrom(
        "NOOP\r\n",
        "a",
        "\0",
        "\x80\r\n",
        "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n",
        "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
      ),
    );
    fc.assert(
      fc.property(clients, periods, fc.constantFrom(1, 3, 100), verdicts, (text, period, size, script) => {
        const session = new ServerSession(serverProfile({ hostname: "mx.example.org", startTls: true, timeouts }), 0);
        const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
          answer: application(script),
          readsOn: true,
          tls: {},
        });
        const endless = cycle(Array.from(octetsOf(text)));
        while (!harness.closed && harness.now <= timeouts.session) {
          harness.receive(Uint8Array.from({ length: size }, () => endless.next().value));
          harness.passTo(harness.now + period);
        }
        expect(harness.closed).toBe(true);
        expect(harness.now).toBeLessThanOrEqual(timeouts.session + period);
      }),
    );
  });
});

type ClientHarness = SessionHarness<ClientIntent, ClientEvent>;

/** An application that acts whenever it may, says QUIT at the end if it is polite, and else leaves everything as it is. */
function act(session: ClientSession, harness: ClientHarness, left: Act[], polite: boolean): void {
  if (takesContent(session) && polite) return harness.submit({ type: "endContent" });
  if (session.state !== "ready") return;
  const next = left.shift();
  if (next?.type === "ask") harness.submit(next);
  else if (next?.type === "send") {
    const recipients = next.recipients.map((recipient) => ({ recipient: mailbox(recipient) }));
    harness.submit({ type: "send", reversePath: null, recipients });
  } else if (polite) harness.submit({ type: "quit" });
}

describe("a client session", () => {
  test("takes any inputs in any order without throwing, and closes in its time", () => {
    fc.assert(
      fc.property(
        clientOptions,
        fc.array(acts, { maxLength: 4 }),
        happenings,
        fc.boolean(),
        (options, given, list, polite) => {
          const session = new ClientSession(clientProfile({ ...options, hostname: "client.example" }), 0);
          const harness: ClientHarness = new SessionHarness(session, { tls: {} });
          const left = [...given];
          for (const { input, drained, pause } of list) {
            harness.now += pause;
            session.handle(input, harness.now);
            if (drained) harness.elapse();
            if (drained) act(session, harness, left, polite);
          }
          expect(harness.runOut()).toBeLessThan(20);
          for (const { input } of list) session.handle(input, harness.now);
          expect(session.poll()).toMatchObject({ kind: "idle", wants: "nothing", deadline: undefined });
        },
      ),
      times(3),
    );
  });

  test("closes in its time however slowly or endlessly the server speaks, and tells the end of every transaction", () => {
    const periods = fc.constantFrom(1, 1_000, 60_000, 200_000);
    const endless = fc.constantFrom("", "250-x\r\n", "x", "250 x\r\n", "\r\n", "334 \r\n", "\0");
    fc.assert(
      fc.property(
        clientOptions,
        serverScripts,
        fc.array(acts, { maxLength: 4 }),
        periods,
        fc.constantFrom(1, 20),
        endless,
        fc.boolean(),
        (options, script, given, period, size, ending, polite) => {
          const session = new ClientSession(clientProfile({ ...options, hostname: "client.example" }), 0);
          const harness: ClientHarness = new SessionHarness(session, { tls: {} });
          const server = new ScriptedServer(script);
          const left = [...given];
          let taken = 0;
          let rounds = 0;
          for (; !harness.closed; rounds++) {
            server.take(harness.output.slice(taken));
            taken = harness.output.length;
            const said = server.said === "" ? ending : server.said;
            server.said = server.said.slice(size);
            if (said !== "") harness.receive(octetsOf(said.slice(0, size)));
            if (!harness.closed) act(session, harness, left, polite);
            harness.passTo(harness.now + period);
            expect(rounds).toBeLessThan(400_000);
          }
          const begun = given.slice(0, given.length - left.length).filter(({ type }) => type === "send").length;
          expect(harness.events.filter(({ type }) => type === "transactionEnded").length).toBe(begun);
          expect(harness.events.filter(({ type }) => type === "sessionClosed").length).toBe(1);
        },
      ),
    );
  });
});
