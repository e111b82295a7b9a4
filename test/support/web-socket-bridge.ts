// A bridge from WebSockets to TCP ports of this host: the octets of `ws://HOST/PORT` go to that port and back, as fast as the slower
// side takes them.

import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";

export interface Bridge extends AsyncDisposable {
  /** To be followed by a slash and the port. */
  readonly address: string;
}

export async function webSocketBridge(): Promise<Bridge> {
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(listener, "listening");
  listener.on("connection", (webSocket, { url = "" }) => {
    const stream = createWebSocketStream(webSocket);
    const socket = connect({ host: "127.0.0.1", port: Number(url.slice(1)), noDelay: true, allowHalfOpen: true });
    // What breaks on one side breaks the other off.
    pipeline(stream, socket, (error) => error && webSocket.terminate());
    pipeline(socket, stream, (error) => error && webSocket.terminate());
  });
  return {
    address: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const client of listener.clients) client.terminate();
      listener.close();
      await once(listener, "close");
    },
  };
}
