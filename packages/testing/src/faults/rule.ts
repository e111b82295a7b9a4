// Rules by which a connection is harmed: when, and what. All of it is plain JSON, and the functions here only write it shorter.

/** Which connections, how often, and by whose fault. */
export interface Scope {
  /** The connections, counted from 1 since the plan was made: one, some, or every second and so on. Default: all. */
  readonly connection?: number | { readonly from: number; readonly to: number } | { readonly every: number };
  /** How often in all, over all connections. Default: always. */
  readonly times?: number;
  /** Who misbehaves: whose octets are harmed. Default: `server`. */
  readonly by?: "server" | "client";
}

export type When = Scope &
  (
    | { readonly at: "greeting" | "contentEnd" | "tls" }
    | { readonly at: "command"; readonly verb?: string; readonly nth?: number }
    | { readonly at: "recipient"; readonly nth?: number; readonly address?: string }
    | { readonly at: "content" | "sent" | "received"; readonly octets: number }
    | { readonly at: "state"; readonly name: string }
  );

export type What =
  | { readonly do: "delay"; readonly ms: number }
  | { readonly do: "dribble"; readonly octets: number; readonly ms: number }
  | { readonly do: "drop" | "reset" | "halfClose" | "stall"; readonly octets: number }
  | { readonly do: "reply"; readonly code: number; readonly enhanced?: string; readonly text?: string }
  | { readonly do: "disconnect421" | "tlsFailure" | "duplicate" }
  | { readonly do: "garbage" | "corrupt"; readonly octets: number };

export interface FaultRule {
  readonly when: When;
  /** One or more, in this order. */
  readonly what: readonly What[];
}

/** A rule: `on(command("RCPT", { nth: 3 }), delay(100), reply(451, "4.3.0", "Try later"))`. */
export function on(when: When, ...what: readonly What[]): FaultRule {
  return { when, what };
}

// When.

/** At the server's greeting. */
export function greeting(scope: Scope = {}): When {
  return { at: "greeting", ...scope };
}

/** At a command, or at its reply: each of that verb or, with `nth`, that one of the connection's. Without a verb: any command. */
export function command(verb?: string, { nth, ...scope }: Scope & { readonly nth?: number } = {}): When {
  return {
    at: "command",
    ...(verb !== undefined && { verb: verb.toUpperCase() }),
    ...(nth !== undefined && { nth }),
    ...scope,
  };
}

/** At RCPT: the nth of its message, or the one for that address. */
export function recipient(which: number | string, scope: Scope = {}): When {
  return { at: "recipient", ...(typeof which === "number" ? { nth: which } : { address: which }), ...scope };
}

/** In the content of a message, by DATA or BDAT, after so many octets of it. */
export function content(octets = 0, scope: Scope = {}): When {
  return { at: "content", octets, ...scope };
}

/** At the end of the content: at the reply to the message. */
export function contentEnd(scope: Scope = {}): When {
  return { at: "contentEnd", ...scope };
}

/** After so many octets that the one who misbehaves has sent on the connection, not counting those of TLS. */
export function sent(octets: number, scope: Scope = {}): When {
  return { at: "sent", octets, ...scope };
}

/** After so many octets that it has received. */
export function received(octets: number, scope: Scope = {}): When {
  return { at: "received", octets, ...scope };
}

/**
 * When the session of the transport waits in a state of its chart (docs/state-machines.md): its whole name, `dialogue.transaction.receivingContent`,
 * or some of it, `receivingContent` or `dialogue.transaction`.
 */
export function state(name: string, scope: Scope = {}): When {
  return { at: "state", name, ...scope };
}

/** At the TLS handshake of STARTTLS. */
export function tls(scope: Scope = {}): When {
  return { at: "tls", ...scope };
}

// What.

/** Waits so many milliseconds before it goes on. */
export function delay(ms: number): What {
  return { do: "delay", ms };
}

/** Sends so many octets at a time, and so many milliseconds between. */
export function dribble(octets: number, ms: number): What {
  return { do: "dribble", octets, ms };
}

/** Closes the connection, after so many octets of what was to be said. */
export function drop(octets = 0): What {
  return { do: "drop", octets };
}

/** Breaks the connection, after so many octets of what was to be said. */
export function reset(octets = 0): What {
  return { do: "reset", octets };
}

/** Says no more, after so many octets of what was to be said, but goes on listening. */
export function halfClose(octets = 0): What {
  return { do: "halfClose", octets };
}

/** Answers so in place of the server, which never hears of the command, or of the message. */
export function reply(code: number, enhanced?: string, text?: string): What {
  return { do: "reply", code, ...(enhanced !== undefined && { enhanced }), ...(text !== undefined && { text }) };
}

/** Answers 421 in place of the server, and closes the connection. */
export function disconnect421(): What {
  return { do: "disconnect421" };
}

/** Says so many octets that are no SMTP in place of what was to be said. */
export function garbage(octets = 64): What {
  return { do: "garbage", octets };
}

/** Breaks the TLS handshake off. */
export function tlsFailure(): What {
  return { do: "tlsFailure" };
}

/** Never says anything again, after so many octets of what was to be said; the connection stays open. */
export function stall(octets = 0): What {
  return { do: "stall", octets };
}

/** Changes so many octets of what was to be said. */
export function corrupt(octets = 1): What {
  return { do: "corrupt", octets };
}

/** Says what was to be said twice. */
export function duplicate(): What {
  return { do: "duplicate" };
}
