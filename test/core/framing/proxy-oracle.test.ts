// PROXY headers held against another implementation, proxy-protocol-js, which knows no TLVs.

import fc from "fast-check";
import * as oracle from "proxy-protocol-js";
import { describe, expect, test } from "vitest";
import { parseIpAddress } from "../../../packages/core/src/grammar/ip-address.ts";
import { formatProxyHeader, type ProxyHeader } from "../../../packages/core/src/grammar/proxy-header.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";
import { proxyHeaders } from "../../support/proxy-headers.ts";
import { readProxy } from "../../support/proxy-octets.ts";

describe("a PROXY header", () => {
  test("is a header to proxy-protocol-js as well", () => {
    fc.assert(
      fc.property(
        proxyHeaders.filter(({ command, transport }) => command === "proxy" && transport !== "unknown"),
        (header) => {
          const octets = formatProxyHeader(header);
          const told = header.version === 1 ? toldByV1(octets) : toldByV2(octets);
          expect(told).toEqual(header.version === 1 ? endsOfV1(header) : endsOfV2(header));
        },
      ),
      times(5),
    );
  });

  test("of proxy-protocol-js is a header here as well", () => {
    const peer = fc.tuple(fc.ipV4(), fc.nat(65_535));
    fc.assert(
      fc.property(peer, peer, (source, destination) => {
        const ends = [new oracle.Peer(...source), new oracle.Peer(...destination)] as const;
        const line = new oracle.V1ProxyProtocol(oracle.INETProtocol.TCP4, ...ends).build();
        const addresses = new oracle.IPv4ProxyAddress(
          oracle.IPv4Address.createFrom(source[0].split(".").map(Number)),
          source[1],
          oracle.IPv4Address.createFrom(destination[0].split(".").map(Number)),
          destination[1],
        );
        const binary = new oracle.V2ProxyProtocol(
          oracle.Command.PROXY,
          oracle.TransportProtocol.STREAM,
          addresses,
        ).build();
        for (const octets of [encodeUtf8(line), binary]) {
          expect(readProxy([octets]).header).toMatchObject({
            transport: "tcp4",
            source: { address: source[0], port: source[1] },
            destination: { address: destination[0], port: destination[1] },
          });
        }
      }),
    );
  });
});

function toldByV1(octets: Uint8Array): unknown {
  const { inetProtocol, source, destination } = oracle.V1BinaryProxyProtocol.parse(octets);
  return [inetProtocol, source.ipAddress, source.port, destination.ipAddress, destination.port];
}

function endsOfV1({ transport, source, destination }: ProxyHeader): unknown {
  return [transport.toUpperCase(), source?.address, source?.port, destination?.address, destination?.port];
}

function toldByV2(octets: Uint8Array): unknown {
  const { proxyAddress } = oracle.V2ProxyProtocol.parse(octets);
  if (proxyAddress instanceof oracle.UnspecProxyAddress) throw new Error("unspecified");
  const { sourceAddress, destinationAddress } = proxyAddress;
  const ports =
    proxyAddress instanceof oracle.UnixProxyAddress ? [] : [proxyAddress.sourcePort, proxyAddress.destinationPort];
  return [[...sourceAddress.address], [...destinationAddress.address], ...ports];
}

function endsOfV2({ source, destination }: ProxyHeader): unknown {
  const ends = [source, destination].map((end) => [
    ...(parseIpAddress(end?.address ?? "") ?? unixPath(end?.address ?? "")),
  ]);
  return [...ends, ...[source?.port, destination?.port].filter((port) => port !== undefined)];
}

function unixPath(path: string): Uint8Array {
  return Uint8Array.from({ length: 108 }, (_, at) => path.charCodeAt(at) || 0);
}
