// A worker that sends what it is asked to, and receives.

import { accept, connect, smtpHandler } from "@carteiro/workers";

const smtp = smtpHandler({ hostname: "mx.example.org", onMessage: () => accept("Queued as 4f2a") });

export default {
  async fetch(_: Request, env: { readonly PORT: string }): Promise<Response> {
    const client = await connect({ host: "127.0.0.1", port: Number(env.PORT), hostname: "worker.example.net" });
    const message = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };
    const { reply } = await client.send(message);
    await client.quit();
    return new Response(String(reply?.code));
  },
  connect: smtp.connect,
};
