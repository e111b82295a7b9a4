// Plain data as JSON and back. What JSON has no word for is an object with one member: octets as { "octets": "…" }, a
// character for each, a number without end as { "number": "Infinity" }. Functions have no place in a file, and are left out.

/** One line of JSON without its end. */
export function toJson(value: unknown): string {
  return JSON.stringify(written(value));
}

/** Throws `SyntaxError` for what is no JSON. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, member: unknown) => read(member)) as unknown;
}

/** The same for any order in which an object's members were made. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(written(value, (names) => names.toSorted()));
}

/** Octets as characters of the same number. */
export function latin1(octets: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < octets.length; at += 4_096)
    pieces.push(String.fromCharCode(...octets.subarray(at, at + 4_096)));
  return pieces.join("");
}

/** Characters below 256 as octets of the same number. */
export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Made before JSON is: octets of Node's would say themselves how they are written. */
function written(member: unknown, order: (names: string[]) => string[] = (names) => names): unknown {
  if (member instanceof Uint8Array) return { octets: latin1(member) };
  if (member instanceof Error) return { name: member.name };
  if (typeof member === "number" && !Number.isFinite(member)) return { number: String(member) };
  if (typeof member === "bigint") return { number: String(member) };
  if (typeof member !== "object" || member === null) return member;
  if (Array.isArray(member)) return member.map((item) => written(item, order));
  const members: Readonly<Record<string, unknown>> = { ...member };
  return Object.fromEntries(order(Object.keys(members)).map((name) => [name, written(members[name], order)]));
}

function read(member: unknown): unknown {
  if (typeof member !== "object" || member === null) return member;
  const [only, ...others] = Object.entries(member) as [string, unknown][];
  if (only === undefined || others.length > 0 || typeof only[1] !== "string") return member;
  const [name, value] = only;
  if (name === "octets") return octetsOf(value);
  return name === "number" ? Number(value) : member;
}
