// Octets in the clear that come while the application decides whether to start TLS, over real sockets: nobody has read them
// when TLS begins, and they are neither commands nor forgotten, but break the handshake.

import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { createServer } from "@carteiro/node";
import { describe, expect, test } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";
import { codesOf, RawSocket } from "../support/raw-peers.ts";

const { key, certificate: cert, caCertificate: ca } = await localhostCertificates();

/** A client that sends this between STARTTLS and the reply to it; then it begins with TLS. */
async function meanwhile(injected: string) {
  const asked: string[] = [];
  const deciding = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<void>();
  await using server = createServer({
    hostname: "localhost",
    tls: { key, cert },
    onHello: ({ name }) => void asked.push(name),
    onMail: () => void asked.push("mail"),
    onReset: () => void asked.push("reset"),
    onStartTls() {
      deciding.resolve();
      return decided.promise;
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1" });
  const closed = new Promise((resolve) => server.on("sessionClosed", resolve));
  const client = await RawSocket.connect(port);
  await client.replies(1);
  client.say("EHLO client\r\n");
  await client.replies(2);
  client.say("STARTTLS\r\n");
  await deciding.promise;
  if (injected !== "") client.socket.write(injected, "latin1");
  // Another connection's greeting tells that the server's loop has gone round since.
  const other = await RawSocket.connect(port);
  await other.replies(1);
  other.socket.destroy();
  decided.resolve();
  await client.replies(3);
  expect(codesOf(client.heard)).toEqual([220, 250, 220]);
  client.socket.removeAllListeners("data");
  const secured = connectTls({ socket: client.socket, ca, servername: "localhost" });
  const error = await once(secured, "secureConnect").then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const under = new RawSocket(secured);
  under.say("EHLO again\r\n");
  await under.replies(1);
  if (injected === "") under.say("QUIT\r\n");
  else await closed;
  under.socket.destroy();
  client.socket.destroy();
  return { asked, error };
}

describe("commands injected before STARTTLS", () => {
  test.each(["RSET\r\n", "EHLO evil\r\nMAIL FROM:<evil@example.org>\r\n", "\r\n", "E"])(
    "server that is deciding about TLS takes %j in the clear for nothing under TLS",
    async (injected) => {
      const { asked, error } = await meanwhile(injected);
      expect(asked).toEqual(["client"]);
      expect(error).toBeInstanceOf(Error);
    },
  );

  test("server that is deciding about TLS starts it with a client that waits", async () => {
    const { asked, error } = await meanwhile("");
    expect(error).toBe(undefined);
    expect(asked).toEqual(["client", "again"]);
  });
});
