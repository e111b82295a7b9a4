// The PROXY header's version 1 (HAProxy's specification, §2.1).

import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { latin1, readProxy } from "../../support/proxy-octets.ts";

describe("a PROXY line (version 1)", () => {
  test("of the specification's example is read", () => {
    const line = "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n";
    expect(readProxy([encodeUtf8(`${line}GET / HTTP/1.1\r\n`)])).toEqual({
      outcome: "header",
      header: {
        version: 1,
        command: "proxy",
        transport: "tcp4",
        source: { address: "192.168.0.1", port: 56_324 },
        destination: { address: "192.168.0.11", port: 443 },
        tlvs: {},
      },
      end: line.length,
    });
  });

  test("for IPv6 gives addresses in their one spelling", () => {
    const line = "PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::ffff:192.0.2.1 0 65535\r\n";
    expect(readProxy([encodeUtf8(line)]).header).toMatchObject({
      source: { address: "2001:db8::1", port: 0 },
      destination: { address: "::ffff:192.0.2.1", port: 65_535 },
    });
  });

  test.each([
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN \r\n",
    "PROXY UNKNOWN anything \xff at all\r\n",
    `PROXY UNKNOWN ${"x".repeat(91)}\r\n`,
  ])("%j names no addresses", (line) => {
    const header = { version: 1, command: "proxy", transport: "unknown", tlvs: {} };
    expect(readProxy([latin1(line)])).toEqual({ outcome: "header", header, end: line.length });
  });

  const good = "192.0.2.1 192.0.2.2 1 2";
  test.each([
    "EHLO example.org\r\n",
    "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY\r\n",
    "PROXYTCP4\r\n",
    "PROXY \r\n",
    "PROXY TCP4\r\n",
    `PROXY tcp4 ${good}\r\n`,
    `PROXY TCP5 ${good}\r\n`,
    `PROXY UDP4 ${good}\r\n`,
    `PROXY UNKNOWNX ${good}\r\n`,
    "PROXY UNKNOWN a\rb\r\n",
    "PROXY UNKNOWN a\nb\r\n",
    `PROXY TCP4 ${good}\n`,
    `PROXY TCP4 ${good}\r \n`,
    `PROXY TCP4 ${good} \r\n`,
    `PROXY TCP4 ${good} 3\r\n`,
    `PROXY  TCP4 ${good}\r\n`,
    `PROXY TCP4  ${good}\r\n`,
    `PROXY TCP6 ${good}\r\n`,
    "PROXY TCP4 ::1 ::1 1 2\r\n",
    "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
    "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
    "PROXY TCP6 ::1%lo ::1 1 2\r\n",
    "PROXY TCP6 [::1] [::1] 1 2\r\n",
    `PROXY UNKNOWN ${"x".repeat(92)}\r\n`,
    "x".repeat(107),
  ])("%j is malformed", (line) => {
    expect(readProxy([latin1(line)])).toMatchObject({
      outcome: "malformed",
      problem: expect.stringMatching(/^[A-Z][ -~]+$/),
    });
  });
});
