// The least that a correct client can do on Node's sockets: canned octets, a native scan for line ends, one write where one
// will do, and no parsing but the first digit of each reply. One message after the other on each connection: the group MAIL,
// RCPT, DATA in one write, and, once its three replies are there, the content with its end in another.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { serveClient, type Send, type Terms } from "../harness/client.ts";
import { content, data, hello, mail, quit, recipient } from "../load/mail.ts";

const LF = 10;
const [two, three] = Buffer.from("23");

serveClient({
  pipelined: async (terms) => shared(await Promise.all(opened(terms, groups(terms)))),
  lockstep: async (terms) => shared(await Promise.all(opened(terms, commands(terms)))),
  connections: (terms) => (messages) => eachByItself(messages, terms),
});

/** One write of a transaction, and how its replies begin. */
interface Step {
  readonly octets: Buffer;
  readonly replies: readonly (number | undefined)[];
}

function groups({ octets }: Terms): readonly Step[] {
  return [
    { octets: Buffer.from(`${mailSized(octets)}${recipient}${data}`), replies: [two, two, three] },
    { octets: Buffer.from(content(octets)), replies: [two] },
  ];
}

function commands({ octets }: Terms): readonly Step[] {
  return [
    { octets: Buffer.from(mailSized(octets)), replies: [two] },
    { octets: Buffer.from(recipient), replies: [two] },
    { octets: Buffer.from(data), replies: [three] },
    { octets: Buffer.from(content(octets)), replies: [two] },
  ];
}

function mailSized(octets: number): string {
  return `${mail.trimEnd()} SIZE=${octets}\r\n`;
}

class Connection {
  readonly #socket: Socket;
  #steps: readonly Step[] = [];
  #step = 0;
  #replied = 0;
  #ended: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#received(chunk));
  }

  /** Takes the steps, one after the other, and calls back after the last one's replies. */
  run(steps: readonly Step[], ended: () => void): void {
    this.#steps = steps;
    this.#step = -1;
    this.#ended = ended;
    this.#next();
  }

  /** Replies of one line each that are whole in their chunk, as the sink's are. */
  #received(chunk: Buffer): void {
    const replies = this.#steps[this.#step]?.replies ?? [];
    for (let at = 0; at < chunk.length; at = chunk.indexOf(LF, at) + 1) {
      if (chunk[at] !== replies[this.#replied]) throw new Error(`Not expected: ${chunk.toString()}`);
      this.#replied += 1;
    }
    if (this.#replied === replies.length) this.#next();
  }

  #next(): void {
    this.#step += 1;
    this.#replied = 0;
    const step = this.#steps[this.#step];
    if (step === undefined) this.#ended();
    else this.#socket.write(step.octets);
  }
}

function opened({ port, connections }: Terms, steps: readonly Step[]): Promise<Line>[] {
  return Array.from({ length: connections }, async () => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "data");
    socket.write(hello);
    await once(socket, "data");
    return { connection: new Connection(socket), steps };
  });
}

interface Line {
  readonly connection: Connection;
  readonly steps: readonly Step[];
}

/** Each connection takes the next message when it is done with one. */
function shared(all: readonly Line[]): Send {
  return (messages) => {
    let left = messages;
    const work = ({ connection, steps }: Line) =>
      new Promise<void>((resolve) => {
        const next = () => {
          if (left === 0) return resolve();
          left -= 1;
          connection.run(steps, next);
        };
        next();
      });
    return Promise.all(all.map(work));
  };
}

/** A connection for each message. */
function eachByItself(messages: number, terms: Terms): Promise<unknown> {
  const greeted = { octets: Buffer.from(hello), replies: [two, two, two, two] };
  const steps = [greeted, ...groups(terms), { octets: Buffer.from(quit), replies: [two] }];
  let left = messages;
  const work = () =>
    new Promise<void>((resolve) => {
      const next = () => {
        if (left === 0) return resolve();
        left -= 1;
        const socket = connect({ port: terms.port, host: "127.0.0.1", noDelay: true });
        socket.once("data", () => new Connection(socket).run(steps, () => undefined));
        socket.once("close", next);
      };
      next();
    });
  return Promise.all(Array.from({ length: Math.min(terms.inFlight, messages) }, work));
}
