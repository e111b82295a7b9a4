// Who a connection is from, and where it came to: as its transport knows, unless somebody who is trusted says otherwise.

import type { ClientAttributes, Unavailable } from "@carteiro/core";
import type { SessionInfo } from "./server-options.ts";
import type { Transport } from "./transport.ts";

type End = SessionInfo["remote"];

export class Ends {
  #remote: End;
  #local: End;
  #assumed: ClientAttributes | undefined;

  constructor({ remote, local }: Transport) {
    this.#remote = remote;
    this.#local = local;
  }

  get remote(): End {
    return this.#remote;
  }

  get local(): End {
    return this.#local;
  }

  /** All that XCLIENT has said; later ones count. */
  get assumed(): ClientAttributes | undefined {
    return this.#assumed;
  }

  assume(attributes: ClientAttributes): void {
    const { address, port, destinationAddress, destinationPort } = attributes;
    this.#assumed = { ...this.#assumed, ...attributes };
    this.#remote = changed(this.#remote, address, port);
    this.#local = changed(this.#local, destinationAddress, destinationPort);
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
