// What the server shows: for people a line a session and a line a message, for machines one JSON object a line.
// What a peer said is shown with its control characters escaped: it must not command the terminal.

import { styleText } from "node:util";

import { isAsciiControl } from "./character-codes.ts";

export type Role = "relay" | "submission" | "submissions";

interface Refusal {
  readonly code: number;
  readonly enhanced?: string | undefined;
  readonly text: string;
}

/** What can be shown. `session` is the server's own short name for a session; sizes are octets, durations milliseconds. */
export type TerminalEvent =
  | { readonly type: "listening"; readonly role: Role; readonly host: string; readonly port: number }
  /** All listen. With what a machine needs to send: people are told at more length (see first-message.ts). */
  | ({ readonly type: "ready" } & Readiness)
  | { readonly type: "stopping"; readonly signal: string; readonly sessions: number }
  | { readonly type: "stopped" }
  | { readonly type: "sessionOpened"; readonly session: string; readonly role: Role; readonly remote: string }
  | ({
      readonly type: "sessionClosed";
      readonly session: string;
      readonly role: Role;
      readonly remote: string;
    } & SessionSummary)
  | ({ readonly type: "messageDelivered"; readonly session: string } & DeliveredMessage)
  | ({
      readonly type: "recipientRefused";
      readonly session: string;
      readonly from: string;
      readonly to: string;
    } & Refusal)
  | ({ readonly type: "messageRefused"; readonly session: string; readonly from: string } & Refusal)
  | ({ readonly type: "authenticationFailed"; readonly session: string } & FailedLogin & Refusal)
  | { readonly type: "rateExceeded"; readonly session: string; readonly address: string; readonly subject: string }
  | {
      readonly type: "trace";
      readonly session: string;
      readonly direction: "C" | "S";
      readonly line: string;
      readonly state: string;
    }
  /** A rule of `--fault` has been followed. Connections are counted from 1, over all listeners. */
  | { readonly type: "fault"; readonly connection: number; readonly rule: string }
  | { readonly type: "error"; readonly session?: string | undefined; readonly message: string };

export interface FailedLogin {
  /** Whom the client claimed to be, if it came so far; nobody may be called so. */
  readonly user?: string | undefined;
  readonly mechanism: string;
  readonly address: string;
}

export interface Readiness {
  readonly hostname: string;
  readonly domains: readonly string[];
  /** Mail lies in `DOMAIN/LOCAL/new/` below it. */
  readonly mailFolder: string;
  /** The file with the authority that clients are to trust, where they need one. */
  readonly caFile?: string | undefined;
  /** The file with the password of the one user there is, where none was configured. */
  readonly credentialsFile?: string | undefined;
}

export interface SessionSummary {
  /** The name that the peer gave, if it gave one. */
  readonly hello?: string | undefined;
  /** As in Received: `SMTP`, `ESMTPSA`. */
  readonly protocol?: string | undefined;
  readonly user?: string | undefined;
  readonly messages: number;
  readonly ms: number;
  /** How it ended. */
  readonly reason: SessionEnd;
  /** What broke the connection, where something did. */
  readonly error?: string | undefined;
}

/** `quit` and `disconnected` are the client's doing, `timeout` and `violation` the protocol's, the others the server's. */
export type SessionEnd = "quit" | "disconnected" | "timeout" | "violation" | "dismissed" | "shutDown";

export interface DeliveredMessage {
  readonly id: string;
  /** The reverse-path without angle brackets; empty for the null one. */
  readonly from: string;
  readonly to: readonly string[];
  readonly size: number;
  readonly ms: number;
}

export interface TerminalOptions {
  /** `process.stdout` fits. */
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly json: boolean;
  readonly now: () => Date;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class Terminal {
  readonly #stream: TerminalOptions["stream"];
  readonly #now: () => Date;
  readonly #format: (event: TerminalEvent, time: Date) => string | undefined;

  constructor({ stream, json, now, environment }: TerminalOptions) {
    this.#stream = stream;
    this.#now = now;
    const colours = wantsColours(stream, environment);
    this.#format = json ? formatJson : (event, time) => formatPretty(event, time, colours);
  }

  show(event: TerminalEvent): void {
    const line = this.#format(event, this.#now());
    if (line !== undefined) this.#stream.write(`${line}\n`);
  }
}

/** Colours are for a terminal whose user has not declined them (https://no-color.org). */
export function wantsColours(
  stream: { readonly isTTY?: boolean },
  environment: TerminalOptions["environment"],
): boolean {
  return stream.isTTY === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
}

/** One line of JSON, without a line end: the event, and `time` in ISO 8601. */
export function formatJson(event: TerminalEvent, time: Date): string {
  return escapeControls(JSON.stringify({ time: time.toISOString(), ...event }));
}

/** One line of text, without a line end; `undefined` for what people see in another line: a session shows when it closes. */
export function formatPretty(event: TerminalEvent, time: Date, colours: boolean): string | undefined {
  const shown = describe(event);
  if (shown === undefined) return undefined;
  const clock = time.toTimeString().slice(0, 8);
  const text = escapeControls(shown.text);
  return colours ? `${styleText("dim", clock, always)} ${styleText(shown.colour, text, always)}` : `${clock} ${text}`;
}

const always = { validateStream: false };

/**
 * The text with every control character written as `\u001b`: those of ASCII, of Latin-1, and those that turn the direction
 * of writing or end a line in Unicode. In JSON this means the same as before.
 */
export function escapeControls(text: string): string {
  let escaped = "";
  let kept = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isControl(code)) continue;
    escaped += `${text.slice(kept, index)}\\u${code.toString(16).padStart(4, "0")}`;
    kept = index + 1;
  }
  return escaped + text.slice(kept);
}

function isControl(code: number): boolean {
  const isC1 = code >= 0x80 && code <= 0x9f;
  const isBidi = code === 0x061c || (code >= 0x200e && code <= 0x200f) || (code >= 0x202a && code <= 0x202e);
  const isIsolateOrSeparator = (code >= 0x2066 && code <= 0x2069) || code === 0x2028 || code === 0x2029;
  return isAsciiControl(code) || isC1 || isBidi || isIsolateOrSeparator;
}

type Colour = "green" | "yellow" | "red" | "cyan" | "white" | "gray";

function describe(event: TerminalEvent): { readonly text: string; readonly colour: Colour } | undefined {
  switch (event.type) {
    case "listening":
      return { text: describeListener(event), colour: "cyan" };
    case "ready":
    case "sessionOpened":
      return undefined;
    case "stopping":
      return { text: describeStopping(event), colour: "cyan" };
    case "stopped":
      return { text: "stopped", colour: "cyan" };
    case "sessionClosed":
      return { text: `#${event.session} ${describeSession(event)}`, colour: "white" };
    case "messageDelivered":
      return { text: `#${event.session} ${describeMessage(event)}`, colour: "green" };
    case "recipientRefused":
      return {
        text: `#${event.session} refused <${event.to}> from <${event.from}>: ${replyText(event)}`,
        colour: "yellow",
      };
    case "messageRefused":
      return {
        text: `#${event.session} refused a message from <${event.from}>: ${replyText(event)}`,
        colour: "yellow",
      };
    case "authenticationFailed":
      return { text: `#${event.session} ${describeFailedLogin(event)}`, colour: "yellow" };
    case "rateExceeded":
      return {
        text: `#${event.session} refused ${event.address}: too many ${rateNames[event.subject] ?? event.subject}`,
        colour: "yellow",
      };
    case "trace":
      return { text: `#${event.session} ${event.direction}: ${event.line}  [${event.state}]`, colour: "gray" };
    case "fault":
      return { text: `fault on connection ${event.connection}: ${event.rule}`, colour: "yellow" };
    case "error":
      return {
        text: `${event.session === undefined ? "" : `#${event.session} `}error: ${event.message}`,
        colour: "red",
      };
  }
}

const purposes: Readonly<Record<Role, string>> = {
  relay: "mail from other servers, to local domains only",
  submission: "mail from users, with STARTTLS and a password",
  submissions: "mail from users, with TLS from the start and a password",
};

function describeListener({ role, host, port }: Extract<TerminalEvent, { type: "listening" }>): string {
  return `listening on ${host} port ${port} for ${role}: ${purposes[role]}`;
}

function describeStopping({ signal, sessions }: Extract<TerminalEvent, { type: "stopping" }>): string {
  if (sessions === 0) return `stopping on ${signal}`;
  const who = sessions === 1 ? "1 session is" : `${sessions} sessions are`;
  return `stopping on ${signal}: ${who} open, and messages on their way are waited for; the same again stops at once`;
}

const ends: Readonly<Record<SessionEnd, string>> = {
  quit: "",
  disconnected: ", ended by the client without QUIT",
  timeout: ", timed out",
  violation: ", ended for a violation of the protocol",
  dismissed: ", ended by the server",
  shutDown: ", ended since the server stops",
};

function describeSession(event: Extract<TerminalEvent, { type: "sessionClosed" }>): string {
  const { role, remote, hello, protocol, user, messages, ms, reason, error } = event;
  const who = hello === undefined ? remote : `${hello} (${remote})`;
  const how = protocol === undefined ? "" : ` by ${protocol}`;
  const as = user === undefined ? "" : ` as ${user}`;
  const because = error === undefined ? "" : `: ${error}`;
  return `session closed: ${role} from ${who}${how}${as}, ${messages} ${messages === 1 ? "message" : "messages"}, ${seconds(ms)}${ends[reason]}${because}`;
}

function describeMessage({ id, from, to, size, ms }: DeliveredMessage): string {
  const recipients = to.map((recipient) => `<${recipient}>`).join(", ");
  return `delivered ${id} from <${from}> to ${recipients}, ${size} octets, ${seconds(ms)}`;
}

function describeFailedLogin(event: FailedLogin & Refusal): string {
  const { user, mechanism, address } = event;
  const who = user === undefined ? "" : ` as ${user}`;
  const how = mechanism === "" ? "" : ` by ${mechanism}`;
  return `login failed${who}${how} from ${address}: ${replyText(event)}`;
}

const rateNames: Readonly<Record<string, string>> = { failedAuthentications: "failed logins" };

function replyText({ code, enhanced, text }: Refusal): string {
  return [code, enhanced, text].filter((part) => part !== undefined).join(" ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 3 : 1)} s`;
}
