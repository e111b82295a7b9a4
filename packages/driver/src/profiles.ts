// What the sessions of a server are told, by that in which its connections differ: made when the first such connection comes.

import type { ServerProfile } from "@carteiro/core";

export interface Differences {
  readonly trace: boolean;
  /** Whether the connection's transport can start TLS, where the server can. */
  readonly startTls: boolean;
  /** Whether its application is asked about a connection in any case: something may have to be said in its place. */
  readonly asks: boolean;
}

export class Profiles {
  readonly #usual: ServerProfile;
  readonly #made: (ServerProfile | undefined)[] = [];

  constructor(usual: ServerProfile) {
    this.#usual = usual;
  }

  of(differences: Differences): ServerProfile {
    const { trace, startTls, asks } = differences;
    const place = (trace ? 1 : 0) + (startTls ? 2 : 0) + (asks ? 4 : 0);
    return (this.#made[place] ??= this.#make(differences));
  }

  #make({ trace, startTls, asks }: Differences): ServerProfile {
    const usual = this.#usual;
    const unasked = new Set(usual.unasked);
    if (asks) unasked.delete("connection");
    return { ...usual, unasked, trace: usual.trace || trace, startTls: usual.startTls && startTls };
  }
}
