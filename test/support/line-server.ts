// A server on a socket that says what a test tells it to, and knows whether its clients are still there.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** What to say to a line, with line ends; nothing: say nothing. `undefined` for the greeting, when there is no line yet. */
export type Answer = (line: string | undefined, socket: Socket) => string | undefined;

export class LineServer implements AsyncDisposable {
  /** 0 for a Unix socket. */
  readonly port: number;
  /** Lines heard, of all clients. */
  readonly heard: string[] = [];
  readonly sockets = new Set<Socket>();
  /** Connections there have been. */
  accepted = 0;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" ? (address?.port ?? 0) : 0;
    server.on("connection", (socket) => this.#serve(socket, answer));
  }

  static async listen(answer: Answer, at: { readonly path: string } | string = "127.0.0.1"): Promise<LineServer> {
    const server = createServer();
    server.listen(typeof at === "string" ? { port: 0, host: at } : at);
    await once(server, "listening");
    return new LineServer(server, answer);
  }

  /** Settles when no client is left. */
  async deserted(): Promise<void> {
    for (const socket of this.sockets) await once(socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket, answer: Answer): void {
    this.accepted += 1;
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.write(answer(undefined, socket) ?? "");
    let rest = "";
    socket.on("data", (chunk) => {
      rest += chunk.toString("latin1");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        this.heard.push(line);
        socket.write(answer(line, socket) ?? "");
      }
    });
  }
}

/** Answers by verb; content is taken up to its dot. A verb without an answer is left unanswered. */
export function byVerb(
  answers: Readonly<Record<string, string>>,
): (line: string | undefined, socket?: Socket) => string | undefined {
  let inContent = false;
  return (line) => {
    if (line === undefined) return answers["greeting"] ?? "220 mx.example.org\r\n";
    if (inContent && line !== ".") return undefined;
    if (inContent) {
      inContent = false;
      return answers["."];
    }
    const verb = line.split(" ")[0] ?? "";
    inContent = verb === "DATA" && answers["DATA"]?.startsWith("354") === true;
    return answers[verb];
  };
}

/** A server that takes everything. */
export const obliging = {
  EHLO: "250-mx.example.org\r\n250 PIPELINING\r\n",
  MAIL: "250 OK\r\n",
  RCPT: "250 OK\r\n",
  DATA: "354 Go on\r\n",
  ".": "250 Taken\r\n",
  QUIT: "221 Bye\r\n",
} as const;
