// What needs no platform at all: each package at work once. Prints a line for each.

import { ServerSession, serverProfile } from "@carteiro/core";
import { SmtpServer } from "@carteiro/driver";
import { pair } from "@carteiro/memory";
import { testServer } from "@carteiro/testing";
import { connect, createServer } from "@carteiro/web";

const message = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\nHello!\r\n" };

const session = new ServerSession(serverProfile({ hostname: "mx.example.org" }), 0);
const output = session.poll();
console.log("core", output.kind);

console.log("driver", typeof SmtpServer);

const { client, clock } = await pair({ hostname: "mx.example.org" }, {});
console.log("memory", (await clock.settle(client.send(message))).reply?.code);

const inbox = await testServer();
const visitor = await inbox.connect();
await visitor.send(message);
console.log("testing", (await inbox.message({ to: "bia@example.net" })).subject);
await visitor.quit();

const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()];
const server = createServer({ hostname: "mx.example.org" });
void server.accept({ readable: there.readable, writable: back.writable });
const web = await connect({ readable: back.readable, writable: there.writable }, { hostname: "client.example" });
console.log("web", (await web.send(message)).reply?.code);
await web.quit();
