// What the mailer does when mail goes wrong, as an application's own tests would ask it: by nodemailer on a real port, and by
// Carteiro in memory, where days go by at once.

import { recordings, replay, testServer, tracePage, VirtualClock, world, type InboxOptions } from "@carteiro/testing";
import { dialogue, expected, scriptedServer, testServer as portServer } from "@carteiro/testing/node";
import { describe, expect, test } from "vitest";
import { byCarteiro, byNodemailer, deliver, type Mail, type Report } from "./mailer.ts";

const [bia, cy, davi] = ["bia@example.net", "cy@example.net", "davi@example.net"] as const;
const mail: Mail = { from: "ana@example.org", to: [bia], content: "Subject: Hi\r\n\r\nBom dia\r\n" };
const hour = 3_600_000;

interface Trial {
  readonly faults?: readonly string[];
  readonly mail?: Partial<Mail>;
  readonly server?: InboxOptions;
  /** Logs in. */
  readonly password?: string;
  /** STARTTLS is offered, and needed. */
  readonly tls?: boolean;
  /** Nobody listens. */
  readonly closed?: boolean;
}

interface Outcome {
  readonly report: Report;
  /** Who got the message, for each time it arrived. */
  readonly arrived: readonly (readonly string[])[];
  /** What went wrong on purpose: a rule that is not met tests nothing. */
  readonly fired: number;
}

async function withCarteiro({
  faults = [],
  mail: given,
  server,
  password,
  tls = false,
  closed,
}: Trial): Promise<Outcome> {
  const clock = new VirtualClock();
  const inbox = await testServer({ clock, startTls: tls, ...server });
  const plan = inbox.faults(faults);
  if (closed === true) await inbox.close();
  const options = {
    ...(tls && { startTls: "required" as const }),
    ...(password !== undefined && { auth: { user: "ana", password } }),
  };
  const report = await clock.settle(
    deliver(
      { ...mail, ...given },
      {
        send: byCarteiro(() => inbox.connect(options)),
        sleep: (milliseconds) => new Promise((resolve) => void clock.after(milliseconds, resolve)),
        now: () => clock.now(),
      },
    ),
  );
  const fired = plan.fired.length;
  await inbox.close();
  return { report, arrived: inbox.messages.map(({ envelope }) => envelope.to), fired };
}

async function withNodemailer({
  faults = [],
  mail: given,
  server,
  password,
  tls = false,
  closed,
}: Trial): Promise<Outcome> {
  await using inbox = await portServer({ tls, ...server });
  const plan = inbox.faults(faults);
  const { host, port, ca } = inbox;
  if (closed === true) await inbox.close();
  const options = {
    host,
    port,
    greetingTimeout: 500,
    ...(tls ? { requireTLS: true, tls: { ca } } : { ignoreTLS: true }),
    ...(password !== undefined && { auth: { user: "ana", pass: password } }),
  };
  let time = 0;
  const report = await deliver(
    { ...mail, ...given },
    { send: byNodemailer(options), sleep: async (milliseconds) => void (time += milliseconds), now: () => time },
  );
  return { report, arrived: inbox.messages.map(({ envelope }) => envelope.to), fired: plan.fired.length };
}

describe.each([
  ["by Carteiro", withCarteiro],
  ["by nodemailer", withNodemailer],
])("a mailer %s", (_, attempt) => {
  test("comes back to a server that greylists", async () => {
    const { report, arrived, fired } = await attempt({ faults: ["RCPT once: reply 451 4.7.1 Come back later"] });
    expect(report).toMatchObject({ delivered: [bia], attempts: 2 });
    expect(arrived).toEqual([[bia]]);
    expect(fired).toBe(1);
  });

  test("drops one of three recipients who is refused for good", async () => {
    const faults = [`recipient <${cy}>: reply 550 5.1.1 No such user`];
    const { report, arrived } = await attempt({ faults, mail: { to: [bia, cy, davi] } });
    expect(report).toMatchObject({ delivered: [bia, davi], refused: [{ recipient: cy, code: 550 }], attempts: 1 });
    expect(arrived).toEqual([[bia, davi]]);
  });

  test("gives up after five days in which nobody listens", async () => {
    const { report } = await attempt({ closed: true });
    expect(report).toMatchObject({ delivered: [], uncertain: [], givenUp: [bia] });
    expect(report.attempts).toBeGreaterThan(30);
  });

  test("comes back to a server that says 421 in place of a greeting", async () => {
    const { report, fired } = await attempt({ faults: ["greeting connection 1-2: disconnect421"] });
    expect(report).toMatchObject({ delivered: [bia], attempts: 3 });
    expect(fired).toBe(2);
  });

  test("does not wait for ever for a server that says nothing at all", async () => {
    const { report } = await attempt({ faults: ["greeting connection 1: stall"] });
    expect(report).toMatchObject({ delivered: [bia], attempts: 2 });
  });

  test("sends again what was broken off in mid content", async () => {
    // More than what a connection holds on the way: a small message has left the sender as a whole, who cannot be sure then.
    const content = "Bom dia\r\n".repeat(700_000);
    const { report, arrived } = await attempt({ faults: ["content+1000 connection 1: reset"], mail: { content } });
    expect(report).toMatchObject({ delivered: [bia], uncertain: [], attempts: 2 });
    expect(arrived).toEqual([[bia]]);
  });

  test("does not send again what may have been delivered, and says so", async () => {
    const { report, arrived } = await attempt({ faults: ["content-end: drop"] });
    expect(report).toMatchObject({ delivered: [], uncertain: [bia], attempts: 1 });
    expect(arrived).toEqual([[bia]]);
  });

  test("comes back after a TLS handshake that failed", async () => {
    const { report, fired } = await attempt({ faults: ["tls once: tls-failure"], tls: true });
    expect(report).toMatchObject({ delivered: [bia], attempts: 2 });
    expect(fired).toBe(1);
  });

  test("asks for help at once where its password is refused", async () => {
    const { report } = await attempt({ server: { users: { ana: "secret" } }, password: "wrong", tls: true });
    expect(report).toMatchObject({ givenUp: [bia], attempts: 1 });
    expect(report.problems[0]).toContain("535");
  });

  test("comes back to a server that was out of storage", async () => {
    const { report, arrived } = await attempt({ faults: ["content-end once: reply 452 4.3.1 Out of storage"] });
    expect(report).toMatchObject({ delivered: [bia], refused: [], attempts: 2 });
    expect(arrived).toEqual([[bia]]);
  });

  test("bears with a slow link", async () => {
    const { report } = await attempt({ faults: ["greeting: dribble 1 1", "command: dribble 4 1"] });
    expect(report).toMatchObject({ delivered: [bia], problems: [], attempts: 1 });
  });

  test("drops a message that is too large, whether the server says so before or after", async () => {
    const { report } = await attempt({ faults: ["content-end: reply 552 5.3.4 Too large"] });
    expect(report).toMatchObject({ refused: [{ recipient: bia, code: 552 }], attempts: 1 });
    const other = await attempt({ server: { limits: { messageSize: 10 } } });
    expect(other.report).toMatchObject({ delivered: [], attempts: 1 });
    expect(other.arrived).toEqual([]);
  });
});

test("a network that is cut for three days holds mail up, and loses none", async () => {
  const around = world({ seed: 1 });
  const { clock, network, sleep } = around;
  const inbox = await testServer({ clock });
  network.listen("mx.example.net", 25, inbox.server);
  const app = around.host("app.example.org");
  network.partition("app.example.org", "mx.example.net");
  clock.after(72 * hour, () => network.heal());
  const send = byCarteiro(() => app.connect({ host: "mx.example.net" }));
  const report = await around.run(() => deliver(mail, { send, sleep, now: () => clock.now() }));
  expect(report).toMatchObject({ delivered: [bia] });
  expect(clock.now()).toBeLessThan(77 * hour);
  expect((await inbox.message({ to: bia })).subject).toBe("Hi");
});

test("a greeting of several odd lines is a greeting", async () => {
  await using server = await scriptedServer(dialogue`
    S: 220-mx.example.net ESMTP
    S: 220-
    S: 220-  We do *not* take \x7badvertising}
    S: 220 Speak, friend
    C: EHLO *
    S: 250 mx.example.net
    ${expected.mail({ from: "ana@example.org" })}
    S: 250 OK
    C: RCPT TO:<{to}>
    S: 250 OK
    C: DATA
    S: 354 Go on
    ${expected.content((text) => text.includes("Bom dia"))}
    S: 250 Queued
    C: (ends)
  `);
  const { host, port } = server;
  const send = byNodemailer({ host, port });
  const report = await deliver(mail, { send, sleep: async () => {}, now: () => 0 });
  expect(report).toMatchObject({ delivered: [bia], problems: [] });
  expect((await server.done).captures["to"]).toBe(bia);
});

test("a session that was recorded goes again as it went, and makes a page", async () => {
  const { witness, sessions } = recordings();
  await withCarteiro({ server: { witness } });
  const [recording = ""] = sessions;
  expect(replay(recording).same).toBe(true);
  expect(tracePage(recording)).toContain("RCPT TO:");
});
