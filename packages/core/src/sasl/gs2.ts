// The header that begins a client's first message in SCRAM and OAUTHBEARER (RFC 5801 §4), and the names in it.

import type { ChannelBindings, ChannelBindingType } from "./mechanism.ts";

export interface Gs2Header {
  /** `n`: the client knows no channel binding; `y`: it does, and thinks that the server does not; `p`: it uses it. */
  readonly flag: "n" | "y" | "p";
  /** With `p`: the way of binding, as the client wrote it. */
  readonly bindingType?: string;
  readonly authorizationIdentity?: string;
}

export interface ParsedGs2Header extends Gs2Header {
  /** The header as it was written, with its last comma. */
  readonly text: string;
}

/**
 * The header that a message begins with.
 *
 *     gs2-header    = gs2-cb-flag "," [ gs2-authzid ] ","      ; without gs2-nonstd-flag
 *     gs2-cb-flag   = ( "p=" cb-name ) / "n" / "y"
 *     gs2-authzid   = "a=" saslname
 *     cb-name       = 1*( ALPHA / DIGIT / "." / "-" )          ; any text here: an unknown one is refused later
 */
export function parseGs2Header(message: string): ParsedGs2Header | undefined {
  const flagEnd = message.indexOf(",");
  const end = message.indexOf(",", flagEnd + 1);
  if (flagEnd < 0 || end < 0) return undefined;
  const flag = parseFlag(message.slice(0, flagEnd));
  const identity = message.slice(flagEnd + 1, end);
  const text = message.slice(0, end + 1);
  if (flag === undefined || identity === "") return flag && { ...flag, text };
  const authorizationIdentity = identity.startsWith("a=") ? parseSaslName(identity.slice(2)) : undefined;
  return authorizationIdentity === undefined ? undefined : { ...flag, authorizationIdentity, text };
}

function parseFlag(text: string): Gs2Header | undefined {
  if (text.startsWith("p=") && text.length > 2) return { flag: "p", bindingType: text.slice(2) };
  return text === "n" || text === "y" ? { flag: text } : undefined;
}

export function formatGs2Header({ flag, bindingType, authorizationIdentity }: Gs2Header): string {
  const binding = bindingType === undefined ? flag : `p=${bindingType}`;
  const identity = authorizationIdentity === undefined ? "" : `a=${formatSaslName(authorizationIdentity)}`;
  return `${binding},${identity},`;
}

/**
 * What a name means, or `undefined`.
 *
 *     saslname = 1*( value-safe-char / "=2C" / "=3D" )         ; RFC 5802 §7; no NUL, "," or other "="
 */
export function parseSaslName(text: string): string | undefined {
  const [head = "", ...rest] = text.split("=");
  let name = head;
  for (const part of rest) {
    if (part.startsWith("2C")) name += `,${part.slice(2)}`;
    else if (part.startsWith("3D")) name += `=${part.slice(2)}`;
    else return undefined;
  }
  return name === "" || text.includes(",") || text.includes("\0") ? undefined : name;
}

export function formatSaslName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** The data of a way of binding that is spoken here and that the connection has. */
export function bindingData(type: string | undefined, bindings: ChannelBindings = {}): Uint8Array | undefined {
  return isBindingType(type) ? bindings[type] : undefined;
}

/** The way of binding that a client takes: the exporter, as RFC 9266 §4.2 has it, or else the certificate. */
export function preferredBinding(bindings: ChannelBindings = {}): ChannelBindingType | undefined {
  if (bindings["tls-exporter"] !== undefined) return "tls-exporter";
  return bindings["tls-server-end-point"] === undefined ? undefined : "tls-server-end-point";
}

function isBindingType(type: string | undefined): type is ChannelBindingType {
  return type === "tls-exporter" || type === "tls-server-end-point";
}
