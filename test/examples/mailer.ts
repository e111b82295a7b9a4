// A small product's mailer: it tries for five days, drops those who are refused for good, and never sends again what may have
// been delivered. One attempt goes by Carteiro's client or by nodemailer; what time is comes from outside, so that tests have theirs.

import { Readable } from "node:stream";
import { LocalProtocolError, SmtpError, type RecipientResult, type SmtpClient } from "@carteiro/node";
import { createTransport } from "nodemailer";

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: string;
}

export interface Refusal {
  readonly recipient: string;
  readonly code: number;
}

/** What came of one attempt. Whoever is neither accepted nor refused for good is tried again. */
export interface Attempt {
  readonly accepted?: readonly string[];
  readonly refused?: readonly Refusal[];
  readonly problem?: string;
  /** `uncertain`: the message may have been delivered. `hopeless`: to try again changes nothing. */
  readonly outlook?: "uncertain" | "hopeless" | undefined;
}

export type Sending = (mail: Mail) => Promise<Attempt>;

export interface Means {
  readonly send: Sending;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
}

export interface Report {
  readonly delivered: readonly string[];
  readonly refused: readonly Refusal[];
  /** They may have the message. Somebody has to look before it is sent again. */
  readonly uncertain: readonly string[];
  readonly givenUp: readonly string[];
  readonly problems: readonly string[];
  readonly attempts: number;
}

const minute = 60_000;
const hour = 60 * minute;

export async function deliver(mail: Mail, { send, sleep, now }: Means): Promise<Report> {
  const delivered: string[] = [];
  const refused: Refusal[] = [];
  const problems: string[] = [];
  const giveUpAt = now() + 120 * hour;
  let left = mail.to;
  for (let attempts = 1, wait = minute; ; attempts += 1, wait = Math.min(4 * wait, 4 * hour)) {
    const attempt = await send({ ...mail, to: left });
    if (attempt.problem !== undefined) problems.push(attempt.problem);
    delivered.push(...(attempt.accepted ?? []));
    refused.push(...(attempt.refused ?? []).filter(({ code }) => code >= 500));
    const done = new Set([...delivered, ...refused.map(({ recipient }) => recipient)]);
    left = left.filter((recipient) => !done.has(recipient));
    const report = { delivered, refused, problems, attempts };
    if (attempt.outlook === "uncertain") return { ...report, uncertain: left, givenUp: [] };
    const isOver = left.length === 0 || attempt.outlook === "hopeless" || now() + wait > giveUpAt;
    if (isOver) return { ...report, uncertain: [], givenUp: left };
    await sleep(wait);
  }
}

/** Attempts by Carteiro. `connect` is that of `@carteiro/node` with the application's options, or a test's. */
export function byCarteiro(connect: () => Promise<SmtpClient>): Sending {
  return async (mail) => {
    try {
      await using client = await connect();
      return outcomeOf((await client.send(mail)).recipients);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      // The server does not offer what the message needs: it says in EHLO already that it is too large, for example.
      if (error instanceof LocalProtocolError) return { problem, outlook: "hopeless" };
      if (!(error instanceof SmtpError)) return { problem };
      const { result, uncertain, failure } = error;
      const isHopeless = failure.kind === "authRefused";
      const outlook = uncertain ? "uncertain" : isHopeless ? "hopeless" : undefined;
      return { ...outcomeOf(result?.recipients ?? []), problem, outlook };
    }
  };
}

function outcomeOf(recipients: readonly RecipientResult[]): Attempt {
  return {
    accepted: recipients.filter(({ accepted }) => accepted).map(({ recipient }) => recipient.address),
    refused: recipients.flatMap(({ recipient, accepted, reply }) =>
      accepted || reply === undefined ? [] : [{ recipient: recipient.address, code: reply.code }],
    ),
  };
}

/** What nodemailer tells of an attempt that failed, or of a recipient. */
interface Told {
  readonly code?: string;
  readonly message?: string;
  readonly responseCode?: number;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly Told[];
}

/** Attempts by nodemailer, with a connection each. */
export function byNodemailer(options: Parameters<typeof createTransport>[0]): Sending {
  return async ({ from, to, content }) => {
    const watched = watch(content);
    try {
      const envelope = { from, to: [...to] };
      const { accepted, rejectedErrors } = await createTransport(options).sendMail({ envelope, raw: watched.stream });
      return { accepted: accepted.map(String), refused: refusals(rejectedErrors) };
    } catch (error) {
      return failedOutcome(error as Told, to, watched.isOver());
    }
  };
}

/** nodemailer does not say how far it came: only content that has been read to its end can have been delivered. */
function watch(content: string) {
  let isOver = false;
  function* pieces() {
    for (let at = 0; at < content.length; at += 65_536) yield content.slice(at, at + 65_536);
    isOver = true;
  }
  return { stream: Readable.from(pieces()), isOver: () => isOver };
}

function failedOutcome(error: Told, to: readonly string[], isOver: boolean): Attempt {
  const { code, message = "", responseCode, rejectedErrors } = error;
  const problem = `${code}: ${message}`;
  if (rejectedErrors !== undefined) return { problem, refused: refusals(rejectedErrors) };
  if (code === "EAUTH") return { problem, outlook: "hopeless" };
  if (responseCode === undefined) return { problem, outlook: isOver ? "uncertain" : undefined };
  const concernsMail = code === "EMESSAGE" || code === "EENVELOPE";
  return { problem, refused: concernsMail ? to.map((recipient) => ({ recipient, code: responseCode })) : [] };
}

function refusals(errors: readonly Told[] = []): readonly Refusal[] {
  return errors.map(({ recipient = "", responseCode = 0 }) => ({ recipient, code: responseCode }));
}
