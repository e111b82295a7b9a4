// A DNS server on loopback that answers A, AAAA and PTR from a table, or as badly as a test asks (RFC 1035 §4).

import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";

/** Records by question, for example `A mx.example.org`; or a response code, or silence. */
export type Zone = Readonly<Record<string, readonly string[] | "SERVFAIL" | "NXDOMAIN" | "silence">>;

export interface DnsServer {
  /** As resolvers take it. */
  readonly address: string;
  readonly asked: string[];
  close(): Promise<void>;
}

const types: Readonly<Record<number, string>> = { 1: "A", 12: "PTR", 28: "AAAA" };
const codes = { SERVFAIL: 2, NXDOMAIN: 3 } as const;

/** What the zone does not list is a name without such records. */
export async function dnsServer(zone: Zone): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query: Buffer, { port, address }: RemoteInfo) => {
    const { name, type, end } = questionOf(query);
    const question = `${types[type] ?? type} ${name}`;
    asked.push(question);
    const found = zone[question] ?? [];
    if (found === "silence") return;
    const answers = typeof found === "string" ? [] : found.map((value) => record(type, value));
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (typeof found === "string" ? codes[found] : 0), 2);
    header.writeUInt16BE(answers.length, 6);
    header.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The name is that of the question, to which the first two octets point. */
function record(type: number, value: string): Buffer {
  const data = types[type] === "A" ? ipv4(value) : types[type] === "AAAA" ? ipv6(value) : domain(value);
  const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function ipv4(value: string): Buffer {
  return Buffer.from(value.split(".").map(Number));
}

/** All eight groups written out. */
function ipv6(value: string): Buffer {
  return Buffer.from(
    value.split(":").flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

function domain(value: string): Buffer {
  return Buffer.concat([
    ...value.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")])),
    Buffer.from([0]),
  ]);
}
