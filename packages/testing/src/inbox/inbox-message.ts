// A message as tests look at it: its envelope, and what MIME makes of it.

import type { Envelope } from "@carteiro/core";
import type { SessionInfo } from "@carteiro/driver";
import PostalMime, { addressParser, decodeWords, type Address, type Attachment, type Email } from "postal-mime";

/** Fields of the header, in their order; names in any case. */
export interface MessageHeaders extends Iterable<readonly [name: string, value: string]> {
  /** The first field of that name, unfolded, its encoded words decoded; `undefined` where there is none. */
  get(name: string): string | undefined;
  all(name: string): readonly string[];
}

export interface MessageAddress {
  /** Decoded; empty where there is none. */
  readonly name: string;
  readonly address: string;
}

export interface MessageAttachment {
  readonly filename: string | undefined;
  /** In lower case, for example `image/png`. */
  readonly contentType: string;
  /** `attachment`, `inline` or what else stands there. */
  readonly disposition: string | undefined;
  /** Without its angle brackets, as `cid:` URLs in HTML have it. */
  readonly contentId: string | undefined;
  /** Decoded. */
  readonly content: Uint8Array;
  /** The content as UTF-8. */
  readonly text: string;
}

export interface InboxMessage {
  /** What MAIL and RCPT said: who gets it, whatever the header says. */
  readonly envelope: {
    /** Empty for the null reverse-path. */
    readonly from: string;
    readonly to: readonly string[];
    /** With all parameters, such as SIZE or those of DSN. */
    readonly whole: Envelope;
  };
  readonly headers: MessageHeaders;
  /** Empty where there is none, as are the texts, in which lines are divided by `\n`, and the lists. */
  readonly subject: string;
  readonly from: MessageAddress | undefined;
  readonly to: readonly MessageAddress[];
  readonly cc: readonly MessageAddress[];
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly MessageAttachment[];
  /** The content as it came, without the dots of transparency. */
  readonly raw: Uint8Array;
  /** Why the content could not be read as MIME; the fields above are empty then, and `raw` is not. */
  readonly problem: string | undefined;
  /** How it came: the session so far, a line each, as `C: MAIL FROM:<a@example.org>`. No secrets. */
  readonly dialogue: string;
  /** The session that it came by. */
  readonly session: {
    /** By EHLO or HELO. */
    readonly hello: string;
    readonly tls: boolean;
    /** Who has authenticated. */
    readonly identity: string | undefined;
  };
}

/** Reads the content. Never rejects: what is no MIME has a `problem`. */
export async function inboxMessage(
  raw: Uint8Array,
  envelope: Envelope,
  { session, dialogue }: { readonly session: SessionInfo; readonly dialogue: string },
): Promise<InboxMessage> {
  const { hello, tls, identity } = session;
  const { email, problem } = await parsed(raw);
  return {
    envelope: {
      from: envelope.reversePath?.address ?? "",
      to: envelope.recipients.map(({ recipient }) => recipient.address),
      whole: envelope,
    },
    headers: new Headers(email),
    subject: email.subject ?? "",
    from: addresses(email.from === undefined ? [] : [email.from])[0],
    to: addresses(email.to),
    cc: addresses(email.cc),
    text: withoutLastNewline(email.text),
    html: withoutLastNewline(email.html),
    attachments: email.attachments.map(attachment),
    raw,
    problem,
    dialogue,
    session: { hello: hello?.name ?? "", tls: tls !== undefined, identity },
  };
}

const nothing: Email = { headers: [], headerLines: [], attachments: [] };

async function parsed(raw: Uint8Array): Promise<{ readonly email: Email; readonly problem: string | undefined }> {
  try {
    return { email: await PostalMime.parse(raw), problem: undefined };
  } catch (error) {
    return { email: nothing, problem: error instanceof Error ? error.message : "It is no MIME" };
  }
}

/** The line's end before a boundary is none of the part's, and that of a whole message is said by nobody. */
function withoutLastNewline(text = ""): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

class Headers implements MessageHeaders {
  readonly #fields: readonly (readonly [name: string, value: string])[];

  constructor({ headers }: Email) {
    this.#fields = headers.map(({ originalKey, value }) => [originalKey, decodeWords(value)]);
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter(([field]) => field.toLowerCase() === wanted).map(([, value]) => value);
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#fields[Symbol.iterator]();
  }
}

/** Those of groups, too. */
function addresses(given: readonly Address[] = []): readonly MessageAddress[] {
  return given.flatMap((one) => (one.group === undefined ? [{ name: one.name, address: one.address }] : one.group));
}

function attachment({ filename, mimeType, disposition, contentId, content }: Attachment): MessageAttachment {
  const octets = typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
  return {
    filename: filename ?? undefined,
    contentType: mimeType,
    disposition: disposition ?? undefined,
    contentId: contentId?.startsWith("<") === true ? contentId.slice(1, -1) : contentId,
    content: octets,
    get text() {
      return new TextDecoder().decode(octets);
    },
  };
}

/** The addresses of a field such as `Reply-To`, for tests of fields that a message has no member for. */
export function parseAddresses(field: string): readonly MessageAddress[] {
  return addresses(addressParser(field));
}
