// A client over a connection in memory to a server that says what a test tells it to.

import { openClient, SmtpError, type ClientOptions, type Message, type SmtpClient } from "@carteiro/driver";
import { pipe, VirtualClock, type PipeOptions } from "@carteiro/memory";
import { WirePeer } from "./wire-peer.ts";

export const message: Message = {
  from: "a@example.org",
  to: "b@example.org",
  content: "Subject: Hi\r\n\r\nHello!\r\n",
};

export interface Rig {
  readonly clock: VirtualClock;
  readonly server: WirePeer;
  readonly opening: Promise<SmtpClient>;
}

/** A client that is opening its session with a server, which has said nothing yet. */
export function opening(options: ClientOptions = {}, pipeOptions: Partial<PipeOptions> = {}): Rig {
  const clock = new VirtualClock();
  const [clientEnd, serverEnd] = pipe({ clock, ...pipeOptions });
  const client = openClient(clientEnd, options, clock);
  client.catch(() => undefined);
  return { clock, server: new WirePeer(serverEnd), opening: client };
}

/** A client with an open session. */
export async function opened(
  offers: readonly string[] = ["PIPELINING"],
  options: ClientOptions = {},
  pipeOptions: Partial<PipeOptions> = {},
) {
  const rig = opening(options, pipeOptions);
  await greet(rig.server, offers);
  return { ...rig, client: await rig.opening };
}

export async function greet(server: WirePeer, offers: readonly string[]): Promise<void> {
  await server.say("220 mx.example.org");
  await server.line();
  const lines = ["mx.example.org", ...offers];
  await server.say(...lines.map((line, index) => `250${index === lines.length - 1 ? " " : "-"}${line}`));
}

/** Hears one command after the other, and answers each. */
export async function answer(server: WirePeer, ...replies: readonly string[]): Promise<string[]> {
  const commands: string[] = [];
  for (const reply of replies) {
    commands.push((await server.line()) ?? "none");
    await server.say(reply);
  }
  return commands;
}

/** Hears a content up to its dot. */
export async function content(server: WirePeer): Promise<string[]> {
  const lines: string[] = [];
  for (let line = await server.line(); line !== undefined && line !== "."; line = await server.line()) lines.push(line);
  return lines;
}

/** Takes one message as a server does. */
export async function take(server: WirePeer): Promise<string[]> {
  const commands = await answer(server, "250 OK", "250 OK", "354 Go on");
  commands.push(...(await content(server)));
  await server.say("250 2.6.0 Taken");
  return commands;
}

export async function failure(promise: Promise<unknown>): Promise<SmtpError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof SmtpError) return error;
  throw new Error(`Not an SmtpError: ${String(error)}`);
}
