// What actions make of octets: pieces of them, pauses between, and perhaps an end.

import { formatReply, reply } from "@carteiro/core";
import type { Random } from "../world/random.ts";
import type { What } from "./rule.ts";

export type Ending = "drop" | "reset" | "halfClose";

export type Step =
  | { readonly type: "octets"; readonly octets: Uint8Array }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "stall" }
  | { readonly type: Ending };

export const nothing = new Uint8Array(0);
const encoder = new TextEncoder();
const farewell = formatReply(reply(421, "4.3.2", "Service closes the connection"), { enhanced: true });

const speaking: ReadonlySet<What["do"]> = new Set(["drop", "reset", "halfClose", "stall", "disconnect421", "garbage"]);

/** Whether it is done where nothing is about to be said; the other actions then wait for what is said next. */
export function speaks({ do: name }: What): boolean {
  return speaking.has(name);
}

/** Whether neither side hears of the other any more after it. */
export function isLast({ do: name }: What): boolean {
  return name === "drop" || name === "reset" || name === "stall" || name === "disconnect421";
}

/** In order; nothing follows an end. */
export function stepsOf(given: Uint8Array, what: readonly What[], random: Random): Step[] {
  const steps: Step[] = [];
  let octets = given;
  let pieces = whole;
  for (const action of what) {
    switch (action.do) {
      case "delay":
        steps.push({ type: "wait", ms: action.ms });
        break;
      case "dribble":
        pieces = (said) => dribbled(said, action);
        break;
      case "garbage":
        octets = noise(action.octets, random);
        break;
      case "corrupt":
        octets = corrupted(octets, action.octets, random);
        break;
      case "duplicate":
        octets = joined([octets, octets]);
        break;
      case "reply":
        octets = replyOctets(action);
        break;
      case "disconnect421":
        return [...steps, ...pieces(farewell), { type: "drop" }];
      case "tlsFailure":
        return [...steps, { type: "drop" }];
      case "drop":
      case "reset":
      case "halfClose":
      case "stall":
        return [...steps, ...pieces(octets.subarray(0, action.octets)), { type: action.do }];
    }
  }
  return [...steps, ...pieces(octets)];
}

export function replyOctets({ code, enhanced, text = "" }: Extract<What, { do: "reply" }>): Uint8Array {
  return formatReply(reply(code, enhanced, text === "" ? "A fault on purpose" : text), { enhanced: true });
}

export function ascii(text: string): Uint8Array {
  return encoder.encode(text);
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function whole(octets: Uint8Array): Step[] {
  return octets.length === 0 ? [] : [{ type: "octets", octets }];
}

function dribbled(octets: Uint8Array, { octets: size, ms }: Extract<What, { do: "dribble" }>): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < octets.length; at += size) {
    if (at > 0) steps.push({ type: "wait", ms });
    steps.push({ type: "octets", octets: octets.subarray(at, at + size) });
  }
  return steps;
}

/** A line that begins with no digit and no letter, so that it is no reply and no command. */
function noise(length: number, random: Random): Uint8Array {
  const octets = Uint8Array.from({ length }, () => 0x80 + random.below(0x80));
  const end = length >= 2 ? length - 2 : length;
  octets.set([0x0d, 0x0a].slice(0, length - end), end);
  return octets;
}

function corrupted(given: Uint8Array, count: number, random: Random): Uint8Array {
  const octets = given.slice();
  if (octets.length === 0) return octets;
  for (let left = count; left > 0; left--) {
    const at = random.below(octets.length);
    octets[at] = ((octets[at] ?? 0) + 1 + random.below(255)) & 0xff;
  }
  return octets;
}
