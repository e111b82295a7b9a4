// A client that says exactly what it is told to, for what no real client says or shows.

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  #text = "";
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** Sends characters below 256 as octets. */
  send(text: string): void {
    this.#socket.write(Buffer.from(text, "latin1"));
  }

  /** The next reply, all of its lines without line ends; nothing if the server closed instead. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd().replaceAll("\r\n", "\n");
      }
      if (this.#ended) return "";
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Sends a line and gives the reply to it. */
  ask(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** Everything else that the server says before it closes. */
  async rest(): Promise<string> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#ended) await once(this.#socket, "close");
  }
}

/** Sends all lines at once, after the greeting, and gives the reply to each. */
export async function ask(port: number, ...lines: string[]): Promise<string[]> {
  await using client = await RawClient.connect(port);
  await client.reply();
  client.send(lines.map((line) => `${line}\r\n`).join(""));
  const replies: string[] = [];
  for (let index = 0; index < lines.length; index++) replies.push(await client.reply());
  return replies;
}
