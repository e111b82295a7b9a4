// What is known of a client: as its transport knows, unless somebody who is trusted says otherwise, and as it says itself.

import type { ClientAttributes, TlsInfo, Unavailable } from "@carteiro/core";
import type { SessionInfo } from "./server-options.ts";
import type { Transport } from "./transport.ts";

type End = SessionInfo["remote"];

export class KnownClient {
  remote: End;
  local: End;
  hello: SessionInfo["hello"];
  tls: TlsInfo | undefined;
  identity: string | undefined;
  assumed: ClientAttributes | undefined;

  constructor({ remote, local, tls }: Transport) {
    this.remote = remote;
    this.local = local;
    this.tls = tls;
  }

  /** TLS has begun: what was said in the clear is forgotten. */
  secured(tls: TlsInfo): void {
    this.tls = tls;
    this.hello = this.identity = undefined;
  }

  /** XCLIENT: the session begins anew, with somebody else. */
  assume(attributes: ClientAttributes): void {
    const { address, port, destinationAddress, destinationPort, hello, login, protocol } = attributes;
    this.assumed = { ...this.assumed, ...attributes };
    this.remote = changed(this.remote, address, port);
    this.local = changed(this.local, destinationAddress, destinationPort);
    this.hello = typeof hello === "string" ? { name: hello, extended: protocol === "ESMTP" } : undefined;
    this.identity = typeof login === "string" ? login : undefined;
  }
}

/** What is not given stays; but the port of another address is not known. */
function changed(end: End, address: string | Unavailable | undefined, port: number | Unavailable | undefined): End {
  const host = address === undefined ? end.address : known(address);
  const number = port === undefined && address === undefined ? end.port : known(port);
  return { ...(host !== undefined && { address: host }), ...(number !== undefined && { port: number }) };
}

function known<Value extends string | number>(value: Value | Unavailable | undefined): Value | undefined {
  return typeof value === "object" ? undefined : value;
}
