// The server to which clients send: the least that can take mail in. No parsing but native scans for line ends and for the
// end of content; a command is known by its first octet, and every answer is canned.

import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface Sink {
  readonly port: number;
  /** Messages taken so far, over all connections. */
  readonly messages: () => number;
  stop(): Promise<void>;
}

const greeting = "220 mx.example.org ESMTP\r\n";
const ok = "250 2.0.0 OK\r\n";
const goOn = "354 End with a dot\r\n";
const farewell = "221 2.0.0 Bye\r\n";

const LF = 10;
const [letterD, letterE, letterQ] = Buffer.from("DEQ");
const endOfContent = Buffer.from("\r\n.\r\n");
/** Octets in which a beginning of that may end a chunk. */
const overlap = endOfContent.length - 1;

/** Listens on a port of its own, on 127.0.0.1. `pipelining`: whether it offers that. */
export async function startSink({ pipelining = true }: { readonly pipelining?: boolean } = {}): Promise<Sink> {
  let messages = 0;
  const extensions = ["mx.example.org", ...(pipelining ? ["PIPELINING"] : []), "8BITMIME", "SIZE 104857600"];
  const hello = extensions.map((line, at) => `250${at < extensions.length - 1 ? "-" : " "}${line}\r\n`).join("");
  const server = createServer({ noDelay: true }, (socket) => take(socket, hello, () => (messages += 1)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.close();
    await once(server, "close");
  };
  return { port, messages: () => messages, stop };
}

function take(socket: Socket, hello: string, counted: () => void): void {
  let verb: number | undefined;
  let inContent = false;
  /** What content ended with in the chunk before. */
  let tail: Buffer = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    let answer = "";
    let at = 0;
    while (at < chunk.length) {
      if (inContent) {
        const end = contentEnd(tail, chunk, at);
        if (end < 0) {
          tail = Buffer.concat([tail, chunk.subarray(-overlap)]).subarray(-overlap);
          break;
        }
        at = end;
        inContent = false;
        counted();
        answer += ok;
        continue;
      }
      verb ??= chunk[at];
      const lineEnd = chunk.indexOf(LF, at);
      if (lineEnd < 0) break;
      at = lineEnd + 1;
      inContent = verb === letterD;
      tail = endOfContent.subarray(0, 2);
      answer += verb === letterE ? hello : inContent ? goOn : verb === letterQ ? farewell : ok;
      if (verb === letterQ) socket.end(answer, "latin1");
      verb = undefined;
    }
    if (answer !== "" && !socket.writableEnded) socket.write(answer, "latin1");
  });
  socket.write(greeting);
}

/** Index in the chunk after the end of content, or -1. Content goes on from `at`; where that is 0, `tail` came before it. */
function contentEnd(tail: Buffer, chunk: Buffer, at: number): number {
  const seam = Buffer.concat([tail, chunk.subarray(at, at + overlap)]);
  const inSeam = seam.indexOf(endOfContent);
  if (inSeam >= 0) return at + inSeam + endOfContent.length - tail.length;
  const found = chunk.indexOf(endOfContent, at);
  return found < 0 ? -1 : found + endOfContent.length;
}
