// What runs on Node's modules, in Node itself and where they are provided: a server, a client under TLS, and an inbox on a port.

import { accept, connect, createServer } from "@carteiro/node";
import { testServer } from "@carteiro/testing/node";

const message = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };

const server = createServer({
  hostname: "mx.example.org",
  async onMessage({ content }) {
    return accept(`Took ${(await content.bytes()).length} octets`);
  },
});
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
const client = await connect({ host: "127.0.0.1", port });
console.log("node", (await client.send(message)).reply?.lines.join(" "));
await client.quit();
await server.close();

const inbox = await testServer({ tls: true });
const visitor = await connect({
  host: inbox.host,
  port: inbox.port,
  startTls: "required",
  tls: { ca: inbox.ca, serverName: "localhost" },
});
await visitor.send(message);
console.log("testing/node", (await inbox.message({ to: "bia@example.net" })).subject, visitor.tls?.protocol);
await visitor.quit();
await inbox.close();
