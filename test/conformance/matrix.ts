// One runtime's client against another's server: what both of them do. The server's reply to a message says what of it came, so
// that the client alone can tell whether all is well. Runtime-neutral.

import { accept, type ServerOptions, type SmtpClient } from "@carteiro/driver";
import type { Certificates, ConformanceAdapter, ConnectOptions, ServeOptions } from "./adapter.ts";
import { checkEqual, within } from "./expectations.ts";

export const modes = ["plain", "startTls", "implicitTls"] as const;
export type Mode = (typeof modes)[number];

/** Where a server listens, as far as it can. */
export type Ports = Readonly<Partial<Record<Mode, number>>>;

/** What a station is told: to be a server, or, given ports, a client of them. */
export interface Job {
  readonly certificates: Certificates;
  readonly ports?: Ports;
}

/** What a station tells: where it listens, or in which modes it has sent everything. */
export type Report = { readonly ports: Ports } | { readonly sent: readonly Mode[] };

const messages = 20;
const megabyte = 2 ** 20;
/** Milliseconds for all messages in one mode. */
const longest = 20_000;

/** Does what it is told by an adapter whose servers are reached by ports. A server goes on until its program is ended. */
export async function work(adapter: ConformanceAdapter<number>, { ports }: Pick<Job, "ports">): Promise<Report> {
  return ports === undefined ? { ports: await listen(adapter) } : { sent: await sendAll(adapter, ports) };
}

async function listen(adapter: ConformanceAdapter<number>): Promise<Ports> {
  const { serverStartTls, serverImplicitTls } = adapter.features;
  const port = async (serve: Omit<ServeOptions, "options">): Promise<number> =>
    (await adapter.serve({ options: confirming, ...serve })).place;
  return {
    plain: await port({}),
    ...(serverStartTls && { startTls: await port({ certificate: "good" }) }),
    ...(serverImplicitTls && { implicitTls: await port({ certificate: "good", implicitTls: true }) }),
  };
}

async function sendAll(adapter: ConformanceAdapter<number>, ports: Ports): Promise<readonly Mode[]> {
  const { clientStartTls, clientImplicitTls } = adapter.features;
  const ways: readonly (readonly [mode: Mode, able: boolean, options: ConnectOptions])[] = [
    ["plain", true, { startTls: "never" }],
    ["startTls", clientStartTls, { startTls: "required" }],
    ["implicitTls", clientImplicitTls, { implicitTls: true }],
  ];
  const sent: Mode[] = [];
  for (const [mode, able, options] of ways) {
    const port = ports[mode];
    if (port === undefined || !able) continue;
    const sending = adapter.connect(port, options).then((client) => sendMessages(client, mode !== "plain"));
    await within(sending, longest, `sending ${mode}`);
    sent.push(mode);
  }
  return sent;
}

/** Says in its reply what it has taken. */
const confirming: ServerOptions = {
  hostname: "mx.example.org",
  async onMessage({ session, content }) {
    return accept(receipt(await content.bytes(), session.tls !== undefined));
  },
};

async function sendMessages(client: SmtpClient, secured: boolean): Promise<void> {
  const contents = Array.from({ length: messages }, (_, number) => sample(100 * (number + 1), number));
  for (const content of [...contents, sample(megabyte, messages)]) {
    const { reply } = await client.send({ from: "a@example.net", to: "b@example.org", content });
    checkEqual([reply?.code, reply?.lines.at(-1)], [250, receipt(content, secured)], "the reply");
  }
  await client.quit();
}

function receipt(octets: Uint8Array, secured: boolean): string {
  let sum = 0;
  for (let at = 0; at < octets.length; at++) sum = (Math.imul(sum, 31) + (octets[at] ?? 0)) | 0;
  return `Took ${octets.length} octets of sum ${sum} ${secured ? "under TLS" : "in the clear"}`;
}

/** Lines of printable characters, some of them with a dot in front. */
function sample(size: number, seed: number): Uint8Array {
  const octets = new Uint8Array(size);
  for (let at = 0; at < size; at++) octets[at] = 46 + ((at * 7 + seed) % 60);
  for (let at = 70; at < size; at += 72) octets.set([13, 10], Math.min(at, size - 2));
  octets.set([13, 10], size - 2);
  return octets;
}
