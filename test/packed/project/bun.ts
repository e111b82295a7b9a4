// A server and a client on Bun's own sockets.

import { accept, connect, createServer } from "@carteiro/bun";

const server = createServer({ hostname: "mx.example.org", onMessage: () => accept("Queued as 4f2a") });
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
const client = await connect({ host: "127.0.0.1", port, hostname: "client.example" });
const message = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };
console.log("bun", (await client.send(message)).reply?.lines.join(" "));
await client.quit();
await server.close();
