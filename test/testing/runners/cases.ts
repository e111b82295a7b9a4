// What each test runner runs: application code that sends mail, against scripted servers in memory. No runner is named here, and
// no runtime.

import { dialogue, expected, scriptedClient, scriptedServer, ScriptError } from "@carteiro/testing";
import { SmtpServer } from "@carteiro/driver";

export interface Case {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const mail = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };

export const cases: readonly Case[] = [
  {
    name: "a server greylists by an odd reply",
    async run() {
      const greylisting = dialogue`
        … opened
        ${expected.mail({ from: "ana@example.org" })}
        S: 250 2.1.0 OK
        C: RCPT TO:<{to}>
        S: 450-4.2.0 New here\r\n450-
        S: 450 4.2.0 Come back later
      `;
      await using server = scriptedServer(greylisting, { mode: "tolerant" });
      const client = await server.connect();
      const { recipients } = await client.send(mail);
      same(
        recipients.map(({ reply }) => reply?.code),
        [450],
      );
      const { captures } = await server.done;
      same(captures, { to: "bia@example.net" });
    },
  },
  {
    name: "a difference is told with its line",
    async run() {
      await using server = scriptedServer("… opened\nC: MAIL FROM:<nobody@example.org>");
      const client = await server.connect();
      await rejects(client.send(mail), "421");
      const error = await server.done.catch((reason: unknown) => reason);
      if (!(error instanceof ScriptError)) throw new Error("The script was not followed, and nothing is told of it");
      same([error.line, error.received], [2, "C: MAIL FROM:<ana@example.org>"]);
    },
  },
  {
    name: "a client speaks too early",
    async run() {
      const server = new SmtpServer({ hostname: "mx.example.com", greetPause: 2_000 }, { startTls: false });
      await scriptedClient("C: EHLO early.example\nS: 554 *\nS: (closes)").connectTo(server);
    },
  },
  {
    name: "nobody looks at what went wrong, and nothing else breaks",
    async run() {
      await using server = scriptedServer("S: 220 mx\nC: NOOP");
      await rejects(server.connect(), "421");
    },
  },
];

async function rejects(promise: Promise<unknown>, text: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!String(error).includes(text)) throw new Error(`Expected an error with ${text}, not ${String(error)}`);
}

function same(given: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(given), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`Expected ${other}, not ${one}`);
}
