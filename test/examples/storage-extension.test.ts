// An extension of an application's own, on a server and a client of Node's: keyword, parameters and verb, without a fork.

import {
  accept,
  connect,
  createServer,
  InvalidValueError,
  LocalProtocolError,
  reject,
  reply,
  type ConnectOptions,
  type NodeServerOptions,
} from "@carteiro/node";
import { afterEach, describe, expect, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { folder, retain, storage, type QuotaRequest } from "./storage-extension.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A server that files messages: what it was told of each. */
async function serverWith(options: Partial<NodeServerOptions> = {}) {
  const filed: { readonly days: number | undefined; readonly folders: readonly (string | undefined)[] }[] = [];
  const server = createServer({
    hostname: "mx.example.org",
    extensions: [storage],
    commands: {
      XQUOTA({ value }) {
        const { user } = value as QuotaRequest;
        return user === "jones" ? accept(reply(250, "2.0.0", "1024 KIB left")) : reject(550, "5.1.1", "No such user");
      },
    },
    onRecipient({ parameters }) {
      return folder.of(parameters) === "Archive" ? reject(550, "5.2.1", "The archive is read-only") : accept();
    },
    onMessage({ envelope }) {
      const folders = envelope.recipients.map(({ parameters }) => folder.of(parameters));
      filed.push({ days: retain.of(envelope.parameters), folders });
      return accept();
    },
    ...options,
  });
  open.push(() => server.destroy());
  const { port } = await server.listen({ host: "127.0.0.1" });
  return { filed, port, client: await RawClient.connect(port) };
}

/** A client of ours that knows the extension, unless it is told otherwise. */
async function clientOf(port: number, options: ConnectOptions = { extensions: [storage] }) {
  const client = await connect({ host: "127.0.0.1", port, ...options });
  open.push(() => client.quit());
  return client;
}

const message = { from: "a@example.net", to: "b@example.org", content: "Subject: Hi\r\n" };

describe("a server with an extension of its application's own", () => {
  test("announces its keyword behind the standard ones", async () => {
    const { client } = await serverWith();
    await client.reply();
    const lines = (await client.ask("EHLO client.example")).split("\n");
    expect(lines.at(-1)).toBe("250 XSTORAGE KIB");
  });

  test("hands its parameters over typed, and refuses what they do not mean", async () => {
    const { client, filed } = await serverWith();
    await client.reply();
    await client.ask("EHLO client.example");
    expect(await client.ask("MAIL FROM:<a@example.net> XRETAIN=1000")).toBe(
      "501 5.5.4 XRETAIN has a value that is not valid",
    );
    expect(await client.ask("MAIL FROM:<a@example.net> XFOLDER=Work")).toBe("555 5.5.4 Parameter not recognised");
    expect(await client.ask("MAIL FROM:<a@example.net> xretain=30")).toMatch(/^250 /);
    expect(await client.ask("RCPT TO:<b@example.org> XFOLDER=Archive")).toBe("550 5.2.1 The archive is read-only");
    expect(await client.ask("RCPT TO:<b@example.org> XFOLDER=Work+2BHome")).toMatch(/^250 /);
    expect(await client.ask("RCPT TO:<c@example.org>")).toMatch(/^250 /);
    expect(await client.ask("DATA")).toMatch(/^354 /);
    expect(await client.ask("Hello\r\n.")).toMatch(/^250 /);
    expect(filed).toEqual([{ days: 30, folders: ["Work+Home", undefined] }]);
  });

  test("asks the handler of its verb where the verb may come, and nowhere else", async () => {
    const { client } = await serverWith();
    await client.reply();
    expect(await client.ask("XQUOTA jones")).toBe("503 5.5.1 The command may not come here");
    await client.ask("EHLO client.example");
    expect(await client.ask("xquota jones")).toBe("250 2.0.0 1024 KIB left");
    expect(await client.ask("XQUOTA green")).toBe("550 5.1.1 No such user");
    expect(await client.ask("XQUOTA")).toBe("501 5.5.4 XQUOTA takes a user");
    expect(await client.ask("XOTHER")).toBe("500 5.5.1 Command not recognised");
    await client.ask("MAIL FROM:<a@example.net>");
    expect(await client.ask("XQUOTA jones")).toBe("250 2.0.0 1024 KIB left");
    expect(await client.ask("RCPT TO:<b@example.org>")).toMatch(/^250 /);
  });

  test("needs a handler for each verb, and a verb for each handler", () => {
    const hostname = "mx.example.org";
    expect(() => createServer({ hostname, extensions: [storage] })).toThrow(
      new TypeError("extensions bring the verb XQUOTA: add its handler as commands.XQUOTA"),
    );
    expect(() => createServer({ hostname, commands: { XQUOTA: () => accept() } })).toThrow(
      new TypeError("commands.XQUOTA: none of the extensions has that verb; add it there"),
    );
  });

  test("answers 451 where the handler throws, and tells of it", async () => {
    const broken = new Error("no such table");
    const { client } = await serverWith({
      commands: {
        XQUOTA() {
          throw broken;
        },
      },
    });
    await client.reply();
    await client.ask("EHLO client.example");
    expect(await client.ask("XQUOTA jones")).toMatch(/^451 4\.3\.0 /);
  });
});

describe("a client with the same extension", () => {
  test("sends its parameters, and what the server's application has of them is what was meant", async () => {
    const { port, filed } = await serverWith();
    const client = await clientOf(port);
    const { recipients } = await client.send({
      ...message,
      to: [
        { recipient: "b@example.org", parameters: [folder.with("Work + Home")] },
        { recipient: "c@example.org", parameters: [folder.with("Archive")] },
        "d@example.org",
      ],
      parameters: [retain.with(30)],
    });
    expect(recipients.map(({ accepted }) => accepted)).toEqual([true, false, true]);
    expect(filed).toEqual([{ days: 30, folders: ["Work + Home", undefined] }]);
  });

  test("asks by its verb", async () => {
    const { port } = await serverWith();
    const client = await clientOf(port);
    expect(await client.command("xquota", "jones")).toMatchObject({ code: 250, lines: ["1024 KIB left"] });
    expect(await client.command("XQUOTA", "green")).toMatchObject({ code: 550 });
    expect(await client.command("XQUOTA")).toMatchObject({ code: 501 });
    await expect(client.command("XQUOTA", "a\r\nQUIT")).rejects.toBeInstanceOf(InvalidValueError);
    await expect(client.command("XQUOTA", "olá")).rejects.toBeInstanceOf(InvalidValueError);
    await expect(client.command("XOTHER")).rejects.toThrow(/no verb of the extensions listed/);
    expect(client.usable).toBe(true);
  });

  test("sends neither to a server that does not offer it", async () => {
    const { port, filed } = await serverWith({ extensions: [], commands: {} });
    const client = await clientOf(port);
    const unsendable = [
      client.send({ ...message, parameters: [retain.with(30)] }),
      client.send({ ...message, to: { recipient: "b@example.org", parameters: [folder.with("Work")] } }),
      client.command("XQUOTA", "jones"),
    ];
    for (const sending of unsendable) {
      await expect(sending).rejects.toBeInstanceOf(LocalProtocolError);
      await expect(sending).rejects.toThrow(/does not offer XSTORAGE$/);
    }
    await client.send(message);
    expect(filed).toHaveLength(1);
  });

  test("sends a parameter with its own command alone", async () => {
    const { port } = await serverWith();
    const client = await clientOf(port);
    await expect(client.send({ ...message, parameters: [folder.with("Work")] })).rejects.toThrow(
      "XFOLDER is no parameter of MAIL",
    );
  });

  test("that lists it twice is refused", async () => {
    await expect(clientOf(1, { extensions: [storage, storage] })).rejects.toThrow();
    expect(() => retain.with(1_000)).toThrow(InvalidValueError);
  });
});
