// What is known of a client: as its transport knows, unless somebody who is trusted says otherwise, and as it says itself.

import type { ClientAttributes, ProxyEndpoint, ProxyHeader, TlsInfo, Unavailable } from "@carteiro/core";
import type { SessionInfo } from "./server-options.ts";
import type { Transport } from "./transport.ts";

type End = SessionInfo["remote"];

export class KnownClient {
  remote: End;
  local: End;
  /** As somebody who is trusted has said: until the client introduces itself. */
  assumedHello: SessionInfo["hello"];
  tls: TlsInfo | undefined;
  identity: string | undefined;
  proxy: SessionInfo["proxy"];
  assumed: ClientAttributes | undefined;

  constructor({ remote, local, tls }: Transport) {
    this.remote = remote;
    this.local = local;
    this.tls = tls;
  }

  /** A proxy said whose connection this is. */
  passedOn(header: ProxyHeader): void {
    const { remote, local } = this;
    const { source, destination } = header;
    this.proxy = { remote, local, header };
    if (source !== undefined) this.remote = endOf(source);
    if (destination !== undefined) this.local = endOf(destination);
  }

  /** TLS has begun: what was said in the clear is forgotten. */
  secured(tls: TlsInfo): void {
    this.tls = tls;
    this.assumedHello = this.identity = undefined;
  }

  /** XCLIENT: the session begins anew, with somebody else. */
  assume(attributes: ClientAttributes): void {
    const { address, port, destinationAddress, destinationPort, hello, login, protocol } = attributes;
    this.assumed = { ...this.assumed, ...attributes };
    this.remote = changed(this.remote, address, port);
    this.local = changed(this.local, destinationAddress, destinationPort);
    this.assumedHello = typeof hello === "string" ? { name: hello, extended: protocol === "ESMTP" } : undefined;
    this.identity = typeof login === "string" ? login : undefined;
  }
}

/** A Unix socket, which alone has no port, has no address that others could be told apart by. */
function endOf({ address, port }: ProxyEndpoint): End {
  return port === undefined ? {} : { address, port };
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
