// Large content both ways it can be sent, and what a side holds when the other does not keep up.

import { accept, type ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter } from "../adapter.ts";
import { withClient, withRawClient, withServer, type CaseDefinition } from "../case.ts";
import { octets } from "../dialogue.ts";
import { check, checkEqual, eventually, pause } from "../expectations.ts";

const hostname = "mx.example.org";
const line = octets("A line of a large message that is neither long nor short\r\n");

export const contentCases: readonly CaseDefinition[] = [
  {
    name: "four megabytes arrive by DATA",
    run: (adapter) => large(adapter, false),
  },
  {
    name: "four megabytes arrive by BDAT",
    run: (adapter) => large(adapter, true),
  },
  {
    name: "four megabytes arrive under TLS",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => large(adapter, true, "good"),
  },
  {
    name: "a sender is held back by a reader who does not read",
    run: (adapter) => slowReader(adapter),
  },
  {
    name: "a sender is held back under TLS by a reader who does not read",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => slowReader(adapter, "good"),
  },
  {
    name: "a client that does not read its replies is not read either",
    run: deafClient,
  },
];

async function large<Place>(
  adapter: ConformanceAdapter<Place>,
  chunking: boolean,
  certificate?: "good",
): Promise<void> {
  const sent = sample(4 * 2 ** 20);
  const came = new Sum();
  const onMessage: ServerOptions["onMessage"] = async ({ content }) => {
    for await (const chunk of content) came.add(chunk);
  };
  const startTls = certificate === undefined ? "never" : "required";
  await withServer(adapter, { options: { hostname, onMessage }, ...(certificate && { certificate }) }, ({ place }) =>
    withClient(adapter, place, { chunking, startTls }, async (client) => {
      const { reply } = await client.send({ from: "a@example.net", to: "b@example.org", content: sent });
      checkEqual(reply?.code, 250, "the reply");
    }),
  );
  const expected = new Sum();
  expected.add(sent);
  checkEqual(came, expected, "octets and their sum");
}

/** What has left the sender and has not come to the reader is bounded, and all of it arrives in the end. */
async function slowReader<Place>(adapter: ConformanceAdapter<Place>, certificate?: "good"): Promise<void> {
  const { mostBuffered } = adapter;
  const size = mostBuffered + 8 * 2 ** 20;
  const sent = new Sum();
  const came = new Sum();
  const reader = { goesOn: false };
  const onMessage: ServerOptions["onMessage"] = async ({ content }) => {
    for await (const chunk of content) {
      came.add(chunk);
      await eventually(() => reader.goesOn, "the reader goes on", 20_000);
    }
  };
  function* source(): Generator<Uint8Array> {
    const piece = sample(65_536);
    while (sent.octets < size) {
      sent.add(piece);
      yield piece;
    }
  }
  const options: ServerOptions = { hostname, onMessage, limits: { messageSize: Infinity } };
  const startTls = certificate === undefined ? "never" : "required";
  await withServer(adapter, { options, ...(certificate && { certificate }) }, ({ place }) =>
    withClient(adapter, place, { startTls }, async (client) => {
      const sending = client.send({ from: "a@example.net", to: "b@example.org", content: source() });
      sending.catch(() => undefined);
      await eventually(() => came.octets > 0, "the reader's first octets");
      await still(() => sent.octets);
      const held = sent.octets - came.octets;
      check(held <= mostBuffered, `at most ${mostBuffered} octets on the way, and there are ${held}`);
      reader.goesOn = true;
      checkEqual((await sending).reply?.code, 250, "the reply");
    }),
  );
  checkEqual(came, sent, "octets and their sum");
}

/** Who asks and asks and never listens is held back, and not answered into memory. */
async function deafClient<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const { mostBuffered } = adapter;
  let answered = 0;
  const options: ServerOptions = {
    hostname,
    limits: { commandsWithoutMail: Infinity },
    onVerify() {
      answered += 1;
      return accept("A user who has a very long name indeed ".repeat(10));
    },
  };
  await withServer(adapter, { options }, async ({ place, server }) => {
    await withRawClient(adapter, place, async (dialogue, peer) => {
      await dialogue.reply();
      await dialogue.ask("EHLO client.example.org");
      let asked = 0;
      const asking = (async () => {
        const questions = octets("VRFY user\r\n".repeat(1_000));
        while (asked <= 2 * mostBuffered) {
          await peer.write(questions);
          asked += questions.length;
        }
      })().catch(() => undefined);
      await still(() => asked + answered);
      check(answered > 0, "an answer to begin with");
      check(asked <= mostBuffered, `at most ${mostBuffered} octets taken, and it was ${asked}`);
      check(answered * 400 <= mostBuffered, `at most ${mostBuffered} octets said, and it was ${answered * 400}`);
      peer.reset();
      await asking;
    });
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
}

/** Waits until the number does not change any more. */
async function still(number: () => number): Promise<void> {
  let quiet = 0;
  for (let last = number(); quiet < 10; last = number()) {
    await pause(20);
    quiet = number() === last ? quiet + 1 : 0;
  }
}

/** So many octets of lines, each a little different. */
function sample(size: number): Uint8Array {
  const whole = new Uint8Array(size);
  for (let at = 0; at < size; at += line.length) {
    whole.set(line.subarray(0, Math.min(line.length, size - at)), at);
    whole[at] = 65 + ((at / line.length) % 26);
  }
  whole.set([13, 10], size - 2);
  return whole;
}

/** How many octets there were, and a sum that tells them apart from others. */
class Sum {
  octets = 0;
  sum = 0;

  add(chunk: Uint8Array): void {
    this.octets += chunk.length;
    let { sum } = this;
    for (let at = 0; at < chunk.length; at++) sum = (Math.imul(sum, 31) + (chunk[at] ?? 0)) | 0;
    this.sum = sum;
  }
}
