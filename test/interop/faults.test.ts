// `carteiro serve --fault`: what applications in other languages meet when connections are broken on purpose, and that what they
// are told of their mail is what lies in the mailboxes.

import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { carteiro, mailboxes, serve, user, type Served } from "../support/carteiro.ts";
import { run } from "../support/processes.ts";
import { CorpusFiles, shortMessage } from "./corpus.ts";
import { describeWith, program, python } from "./peers.ts";

const [ana = "", bia = ""] = mailboxes;
/** One a connection, in this order. */
const rules = [
  "recipient#2 connection 1: reply 451 4.3.0 Try later",
  "DATA connection 2: reply 452 4.3.1 Disk full",
  "content-end connection 3: reply 554 5.7.1 No",
  "content-end connection 4: drop",
  "MAIL connection 5: delay 50, disconnect421",
  "content+10 connection 6: reset",
  "greeting connection 7: dribble 4 5",
];

/** Sends the message to two, and gives what the program said and how many have it. */
type Send = (file: string) => Promise<string>;

async function sendAll(server: Served, send: Send): Promise<[said: string, ana: number, bia: number][]> {
  using files = new CorpusFiles();
  const file = files.of(shortMessage);
  const outcomes: [string, number, number][] = [];
  for (let connection = 0; connection < rules.length; connection++) {
    const said = await send(file);
    outcomes.push([said, server.take(ana).length, server.take(bia).length]);
  }
  return outcomes;
}

/** Connections are counted over the server's life: each program has one of its own. */
function faultyServer(): Promise<Served> {
  return serve(...rules.flatMap((rule) => ["--fault", rule]));
}

describeWith(python("smtplib", "smtplib"), (path) => {
  const script = fileURLToPath(new URL("smtplib_client.py", import.meta.url));

  test("is told the truth under each fault", async () => {
    await using server = await faultyServer();
    const { relay: port } = server.ports;
    const outcomes = await sendAll(server, async (file) => {
      const job = {
        from: "sender@example.net",
        to: [ana, bia],
        file,
        host: "127.0.0.1",
        port,
        tls: "none",
        caFile: server.caFile,
      };
      const { code, stdout, stderr } = await run(path, [script], { input: JSON.stringify(job) });
      return code === 0 ? stdout : stderr;
    });
    expect(outcomes).toEqual([
      [expect.stringMatching(/bia@example.org.*451.*4\.3\.0 Try later/), 1, 0],
      [expect.stringMatching(/SMTPDataError\(452/), 0, 0],
      [expect.stringMatching(/SMTPDataError\(554/), 0, 0],
      [expect.stringMatching(/SMTPServerDisconnected/), 1, 1],
      [expect.stringMatching(/421/), 0, 0],
      [expect.stringMatching(/SMTPServerDisconnected|ConnectionResetError|BrokenPipe/), 0, 0],
      [expect.stringContaining('"ok": true'), 1, 1],
    ]);
    const told = await server.told("fault");
    expect(told.map(({ connection }) => connection)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(told[0]).toMatchObject({ rule: rules[0] });
  });
});

describeWith(program("curl"), (curl) => {
  test("is told the truth under each fault", async () => {
    await using server = await faultyServer();
    const { relay: port } = server.ports;
    const outcomes = await sendAll(server, async (file) => {
      const to = [ana, bia].flatMap((address) => ["--mail-rcpt", address]);
      const words = [
        "--silent",
        "--show-error",
        "--url",
        `smtp://127.0.0.1:${port}`,
        "--mail-from",
        "sender@example.net",
        ...to,
      ];
      const { code, stderr } = await run(curl, [...words, "--upload-file", file]);
      return `${code} ${stderr.trim()}`;
    });
    expect(outcomes.map(([said, ...delivered]) => [said.split(" ")[0] === "0", ...delivered])).toEqual([
      // curl gives up where one of the recipients is refused.
      [false, 0, 0],
      [false, 0, 0],
      [false, 0, 0],
      [false, 1, 1],
      [false, 0, 0],
      [false, 0, 0],
      [true, 1, 1],
    ]);
  });
});

test("a rule that makes no sense ends the command, which says why", async () => {
  const { code, stderr } = await carteiro(["serve", "--fault", "RCPT#2: rply 451", "--user", `${user.address}:x`]);
  expect(code).toBe(64);
  expect(stderr).toContain('"RCPT#2: rply 451": there is no action rply');
});
