// The stand-in for TLS: records with a type, a length and a disguised payload. It protects nothing. It makes octets in
// the clear and octets under TLS impossible to confuse, so that a program that mixes them fails here as with real TLS.

/** The first octet of a record, as in TLS (RFC 8446 section 5.1). */
export const recordType = { alert: 0x15, handshake: 0x16, application: 0x17 } as const;

export type RecordType = (typeof recordType)[keyof typeof recordType];

/** Octets arrived that a TLS stack cannot take. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/** Part of a record's payload, in the clear. */
export interface Fragment {
  readonly type: RecordType;
  readonly payload: Uint8Array;
  /** Whether the record ends with it. */
  readonly last: boolean;
}

const headerLength = 3;
const longestPayload = 2 ** 14;
const mask = 0x55;

/** `record = type length-high length-low payload`, the payload XOR 0x55; as many records as the payload takes, at least one. */
export function formatRecords(type: RecordType, payload: Uint8Array): Uint8Array {
  const count = Math.max(1, Math.ceil(payload.length / longestPayload));
  const wire = new Uint8Array(count * headerLength + payload.length);
  let offset = 0;
  for (let start = 0; start === 0 || start < payload.length; start += longestPayload) {
    const part = payload.subarray(start, start + longestPayload);
    wire.set([type, part.length >> 8, part.length & 0xff], offset);
    wire.set(part.map(disguise), offset + headerLength);
    offset += headerLength + part.length;
  }
  return wire;
}

/** Takes octets from the wire, cut anywhere, and gives payload as it comes: no record is waited for to be whole. */
export class RecordReader {
  #input: Uint8Array = new Uint8Array();
  readonly #header: number[] = [];
  #type: RecordType = recordType.alert;
  #left = 0;

  /** Whether a record has begun and not ended. */
  get midway(): boolean {
    return this.#header.length > 0;
  }

  /** Only to be called when `next` has nothing more. */
  feed(bytes: Uint8Array): void {
    this.#input = bytes;
  }

  /** What comes next, or `undefined` when more octets are needed. Throws `RecordError` at what is no record. */
  next(): Fragment | undefined {
    if (!this.#readHeader() || (this.#left > 0 && this.#input.length === 0)) return undefined;
    const payload = this.#input.subarray(0, this.#left).map(disguise);
    this.#input = this.#input.subarray(payload.length);
    this.#left -= payload.length;
    if (this.#left === 0) this.#header.length = 0;
    return { type: this.#type, payload, last: this.#left === 0 };
  }

  #readHeader(): boolean {
    while (this.#header.length < headerLength) {
      const octet = this.#input[0];
      if (octet === undefined) return false;
      this.#input = this.#input.subarray(1);
      this.#header.push(octet);
      this.#checkHeader(octet);
    }
    return true;
  }

  #checkHeader(octet: number): void {
    if (this.#header.length === 1) this.#type = parseType(octet);
    else this.#left = ((this.#left << 8) | octet) & 0xffff;
    if (this.#header.length === headerLength && this.#left > longestPayload)
      throw new RecordError("The TLS record is too long");
  }
}

function parseType(octet: number): RecordType {
  for (const type of Object.values(recordType)) if (type === octet) return type;
  throw new RecordError(`Not a TLS record: it begins with 0x${octet.toString(16).padStart(2, "0")}`);
}

function disguise(octet: number): number {
  return octet ^ mask;
}
