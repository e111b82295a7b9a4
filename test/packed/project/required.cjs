// CommonJS: every entry that runs outside of a runtime of its own, by `require`.

const entries = ["core", "driver", "memory", "node", "deno", "bun", "web", "testing", "testing/node"];
for (const entry of entries) require(`@carteiro/${entry}`);

const { connect, createServer } = require("@carteiro/node");

void (async () => {
  const server = createServer({ hostname: "mx.example.org" });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  const client = await connect({ host: "127.0.0.1", port });
  const message = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };
  console.log("required", (await client.send(message)).reply?.code);
  await client.quit();
  await server.close();
})();
