// The least server possible in Node: looks for the ends of lines and of content, and says what is expected. It takes no line
// apart, checks nothing, and remembers of a connection only what a chunk's border may cut.

import { createServer as createSocketServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { serveParent } from "../harness/child.ts";
import { listening } from "./listening.ts";
import type { ServerOptions } from "./server.ts";

const cr = 0x0d;
const lf = 0x0a;
const end = Buffer.from("\r\n.\r\n");

const data = 0x44;
const quit = 0x51;
/** By the first letter of the command. */
const replies: string[] = [];
replies[0x45] = "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n"; // EHLO
replies[0x4d] = "250 2.1.0 Ok\r\n"; // MAIL
replies[0x52] = "250 2.1.5 Ok\r\n"; // RCPT
replies[data] = "354 End data with <CR><LF>.<CR><LF>\r\n";
replies[quit] = "221 2.0.0 Bye\r\n";
const accepted = "250 2.0.0 Ok\r\n";

serveParent({
  listen: ({ tls }: ServerOptions) =>
    listening(
      tls === undefined
        ? createSocketServer({ noDelay: true }, serve)
        : createTlsServer({ ...tls, noDelay: true }, serve),
    ),
});

function serve(socket: Socket): void {
  const connection = new Connection();
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const out = connection.replies(chunk);
    if (connection.isOver) socket.end(out, "latin1");
    else if (out !== "") socket.write(out, "latin1");
  });
  socket.write("220 mx.example.org ESMTP\r\n", "latin1");
}

class Connection {
  isOver = false;
  /** The first letter of the line that the last chunk has begun; 0: none. */
  #letter = 0;
  #inContent = false;
  /** Octets of `end` that the last chunk of content has ended with. */
  #matched = 0;
  #next = 0;

  /** What is to be said to a chunk. */
  replies(chunk: Buffer): string {
    let out = "";
    this.#next = 0;
    while (this.#next < chunk.length) out += this.#inContent ? this.#content(chunk) : this.#line(chunk);
    return out;
  }

  #line(chunk: Buffer): string {
    const letter = this.#letter || (chunk[this.#next] ?? 0);
    const found = chunk.indexOf(lf, this.#next);
    this.#letter = found < 0 ? letter : 0;
    this.#next = found < 0 ? chunk.length : found + 1;
    if (found < 0) return "";
    if (letter === data) {
      this.#inContent = true;
      // As if after a line.
      this.#matched = 2;
    }
    this.isOver = letter === quit;
    return replies[letter] ?? "";
  }

  #content(chunk: Buffer): string {
    let next = this.#next;
    let matched = this.#matched;
    while (matched > 0 && matched < end.length && next < chunk.length) matched = step(matched, chunk[next++] ?? 0);
    if (matched === 0) {
      const found = chunk.indexOf(end, next);
      if (found < 0) {
        for (next = Math.max(next, chunk.length - end.length + 1); next < chunk.length; next++)
          matched = step(matched, chunk[next] ?? 0);
      } else {
        matched = end.length;
        next = found + end.length;
      }
    }
    this.#matched = matched;
    this.#next = next;
    this.#inContent = matched < end.length;
    return this.#inContent ? "" : accepted;
  }
}

/** Octets of `end` that are matched after one more octet. */
function step(matched: number, octet: number): number {
  if (octet === end[matched]) return matched + 1;
  return octet === cr ? 1 : 0;
}
