// Makes scripts out of scripts: parts of two put together, lines repeated, cut, swapped and damaged, boundaries and verbs put
// where none belong, chunks and time moved, and an application of another mind.

import { clientSessionOf, serverSessionOf, type Front } from "../support/transcript-player.ts";
import type { Role } from "../support/transcript.ts";
import type { Random } from "@carteiro/testing";
import { verdictCount } from "./server-play.ts";
import type { Happening, Script } from "./script.ts";

/** What has a meaning somewhere, and so may have one where it should not. */
const boundaries = [
  "\r\n",
  "\r\n.\r\n",
  "\n.\n",
  "\r.\r",
  "\n.\r\n",
  "\r\n.\n",
  ".\r\n",
  "..\r\n",
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  "<",
  ">",
  "@",
  ":",
  "=",
  '"',
  "\\",
  "+00",
  "-",
  "\x7f",
  "\x80",
  "\xff",
  "\xc3\xa9",
  "99999999999999999999",
  "4294967296",
  "-1",
  "0",
];

const words: Readonly<Record<Role, readonly string[]>> = {
  server: [
    "EHLO a.example\r\n",
    "HELO a.example\r\n",
    "LHLO a.example\r\n",
    "MAIL FROM:<a@b.example>\r\n",
    "MAIL FROM:<> BODY=BINARYMIME SIZE=10\r\n",
    "MAIL FROM:<a@b> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=x\r\n",
    "RCPT TO:<c@d.example>\r\n",
    "RCPT TO:<e@f.example> NOTIFY=NEVER ORCPT=rfc822;e+2B@f\r\n",
    "DATA\r\n",
    "DATA\r\nx\r\n.\r\n",
    "BDAT 5\r\n12345",
    "BDAT 5 LAST\r\n12345",
    "BDAT 0 LAST\r\n",
    "BDAT 100000\r\n",
    "BDAT 99999999999999999999 LAST\r\n",
    "BDAT x\r\n",
    "BURL imap://a/b;uid=1 LAST\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "VRFY x\r\n",
    "EXPN x\r\n",
    "HELP\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN AGEAYg==\r\n",
    "AUTH LOGIN\r\nYQ==\r\nYg==\r\n",
    "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n",
    "AUTH XOAUTH2 =\r\n",
    "*\r\n",
    "=\r\n",
    "ETRN #a\r\n",
    "XCLIENT ADDR=192.0.2.1 NAME=a.example\r\n",
    "XFORWARD NAME=a.example ADDR=192.0.2.1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\0\x01\0\x02",
    "GET / HTTP/1.1\r\n",
    "\x16\x03\x01\x02\0\x01\0\x01\xfc",
  ],
  client: [
    "220 a\r\n",
    "250 a\r\n",
    "250-a\r\n",
    "250-a\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250-DSN\r\n250 AUTH PLAIN LOGIN\r\n",
    "250-a\r\n250-STARTTLS\r\n250-LIMITS RCPTMAX=1 MAILMAX=2\r\n250 SIZE 0\r\n",
    "334 \r\n",
    "334 VXNlcm5hbWU6\r\n",
    "334 cj1meWtvLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY=\r\n",
    "235 2.7.0 a\r\n",
    "353 a\r\n",
    "354 a\r\n",
    "421 4.3.2 a\r\n",
    "450 4.2.1 a\r\n",
    "550 5.1.1 a\r\n",
    "552-5.3.4 a\r\n552 5.3.4 b\r\n",
    "199 a\r\n",
    "600 a\r\n",
    "250-a\r\n450 a\r\n",
    "2",
    "25",
  ],
};

const intents: Readonly<Record<Role, readonly (readonly [string, string])[]>> = {
  server: [
    ["dismiss", "421 4.3.2 Going down"],
    ["shutDown", ""],
    ["shutDown", "421 4.3.2 Going down"],
    ["dismiss", "250 2.0.0 No"],
  ],
  client: [
    ["send", "from=<a@b.example> to=<c@d.example>"],
    ["send", "from=<> to=<c@d.example> to=<e@f.example> to=<g@h.example> size=10 eightBit=true"],
    ["send", "from=<é@b.example> to=<c@d.example> smtputf8=true"],
    ["send", 'from=<a@b.example> to="<\\"a> b\\"@c.example>" parameter=X=1'],
    ["send", "from=<a@b.example> to=<c@d.example> size=x"],
    ["content", "x"],
    ["content", "."],
    ["content", "\\r\\n.\\r\\n\\"],
    ["content", "\\n.\\n\\"],
    ["content", "\\r\\"],
    ["content", ".\\"],
    ["content", "\\{0123456789\\r\\n*20000}"],
    ["endContent", ""],
    ["ask", "NOOP"],
    ["ask", "RSET"],
    ["ask", "VRFY a"],
    ["ask", "HELP "],
    ["quit", ""],
    ["abort", ""],
  ],
};

const optionChoices: Readonly<Record<Role, readonly Readonly<Record<string, unknown>>[]>> = {
  server: [
    { startTls: true },
    { requireTls: true, startTls: true },
    { authentication: { allowInClear: true } },
    { authentication: { allowInClear: true, required: true } },
    { trace: true },
    {
      limits: {
        recipients: 2,
        messageSize: 50,
        commandLine: 512,
        endlessLine: 600,
        bufferedInput: 1_000,
        bufferedReplies: 1,
      },
    },
    { limits: { errors: 2, commandsWithoutMail: 5, discarded: 20, authenticationAttempts: 1, responseLine: 50 } },
    { limits: { messageSize: Infinity, errors: 1_000 } },
    { timeouts: { command: 1_000, content: 1_000, decision: 500, session: 5_000 } },
  ],
  client: [
    { tls: "required" },
    { tls: "never" },
    { pipelining: false },
    { bareNewlines: "reject" },
    { trace: true },
    { credentials: { user: "user", password: "secret" }, allowAuthInClear: true },
    { limits: { replyLine: 100, replyLines: 3, bufferedOutput: 1 } },
    { timeouts: { command: 1_000, block: 1_000, idle: 500 } },
  ],
};

type Mutate = (script: Script, random: Random, others: readonly Script[]) => Script;

/** A script with some of its parts changed. */
export function mutated(script: Script, random: Random, others: readonly Script[]): Script {
  let changed = script;
  for (let times = 1 + random.below(4); times > 0; times--) changed = random.pick(mutations)(changed, random, others);
  return { ...changed, happenings: changed.happenings.slice(0, mostHappenings) };
}

const mostHappenings = 60;
const mostOctets = 100_000;

const withHappenings = (script: Script, happenings: readonly Happening[]): Script => ({ ...script, happenings });

/** Without so many at a place, and with others there. */
function spliced<Item>(
  list: readonly Item[],
  at: number,
  without: number,
  ...others: readonly Item[]
): readonly Item[] {
  return [...list.slice(0, at), ...others, ...list.slice(at + without)];
}

const drop: Mutate = (script, random) => {
  const { happenings } = script;
  return withHappenings(script, spliced(happenings, random.below(happenings.length), 1 + random.below(3)));
};

const repeat: Mutate = (script, random) => {
  const { happenings } = script;
  const from = random.below(happenings.length);
  const part = happenings.slice(from, from + 1 + random.below(4));
  return withHappenings(script, spliced(happenings, random.below(happenings.length + 1), 0, ...part));
};

/** The beginning of one script and the end of another; the options are either's. */
const cross: Mutate = (script, random, others) => {
  const other = random.pick(others);
  const head = script.happenings.slice(0, random.below(script.happenings.length + 1));
  const tail = other.happenings.slice(random.below(other.happenings.length + 1));
  return { ...script, front: random.pick([script.front, script.front, other.front]), happenings: [...head, ...tail] };
};

const insertChunk: Mutate = (script, random) => {
  const text = random.pick(words[script.front.role]);
  const { happenings } = script;
  return withHappenings(script, spliced(happenings, random.below(happenings.length + 1), 0, { type: "octets", text }));
};

const insertIntent: Mutate = (script, random) => {
  const [intent, rest] = random.pick(intents[script.front.role]);
  const { happenings } = script;
  return withHappenings(
    script,
    spliced(happenings, random.below(happenings.length + 1), 0, { type: "intent", intent, rest }),
  );
};

const times: readonly number[] = [1, 999, 5_000, 60_000, 239_999, 240_000, 300_000, 600_000];

const insertOther: Mutate = (script, random) => {
  const happening = random.pick<Happening>([
    { type: "pass", milliseconds: random.pick(times) },
    { type: "pass", milliseconds: random.pick(times) },
    { type: "secured" },
    { type: "ended" },
    { type: "broken" },
  ]);
  const { happenings } = script;
  return withHappenings(script, spliced(happenings, random.below(happenings.length + 1), 0, happening));
};

/** What becomes of a text. */
type Damage = (text: string, random: Random, role: Role) => string;

const damages: readonly Damage[] = [
  (text, random, role) => inserted(text, random, random.pick(words[role])),
  (text, random) => inserted(text, random, random.pick(boundaries)),
  (text, random) => inserted(text, random, random.pick(boundaries).repeat(1 + random.below(300))),
  (text, random) => inserted(text, random, String.fromCharCode(random.below(256))),
  (text, random) => replaced(text, random, 1, String.fromCharCode(random.below(256))),
  (text, random) => replaced(text, random, 1 + random.below(20), ""),
  (text, random) => replaced(text, random, 1 + random.below(4), random.pick(boundaries)),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => repeatedLine(text, random),
  (text, random) => withoutLine(text, random),
  (text, random) => text.replace(/\d+/, () => random.pick(["0", "1", "5", "12", "99999999999999999999", ""])),
  (text, random) => text.replaceAll("\r\n", random.pick(["\n", "\r", "\r\r\n", "\r\n"])),
  (text, random) => (random.once(2) ? text.toUpperCase() : text.toLowerCase()),
];

function inserted(text: string, random: Random, what: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + what + text.slice(at);
}

function replaced(text: string, random: Random, count: number, by: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + by + text.slice(at + count);
}

function repeatedLine(text: string, random: Random): string {
  const lines = text.split(/(?<=\r\n)/);
  const at = random.below(lines.length);
  return [
    ...lines.slice(0, at),
    (lines[at] ?? "").repeat(random.pick([2, 2, 3, 30, 300])),
    ...lines.slice(at + 1),
  ].join("");
}

function withoutLine(text: string, random: Random): string {
  const lines = text.split(/(?<=\r\n)/);
  return spliced(lines, random.below(lines.length), 1).join("");
}

/** One chunk, or one intent's values, in some way other than they were. */
const damage: Mutate = (script, random) => {
  const { happenings, front } = script;
  const at = random.below(happenings.length);
  const happening = happenings[at];
  const spoil = random.pick(damages);
  if (happening?.type === "octets") {
    const text = spoil(happening.text, random, front.role).slice(0, mostOctets);
    return withHappenings(script, spliced(happenings, at, 1, { type: "octets", text }));
  }
  if (happening?.type !== "intent" || happening.intent === "content") return script;
  const rest = spoil(happening.rest, random, front.role).slice(0, mostOctets);
  return withHappenings(script, spliced(happenings, at, 1, { ...happening, rest }));
};

/** Chunks end elsewhere. */
const rechunk: Mutate = (script, random) => {
  const { happenings } = script;
  const at = random.below(happenings.length);
  const [first, second] = [happenings[at], happenings[at + 1]];
  if (first?.type !== "octets") return script;
  if (second?.type === "octets")
    return withHappenings(script, spliced(happenings, at, 2, { type: "octets", text: first.text + second.text }));
  const cut = random.below(first.text.length + 1);
  const parts: Happening[] = [first.text.slice(0, cut), first.text.slice(cut)].map((text) => ({
    type: "octets",
    text,
  }));
  return withHappenings(script, spliced(happenings, at, 1, ...parts));
};

const otherAnswers: Mutate = (script, random) => ({
  ...script,
  answers: Array.from({ length: random.below(12) }, () => (random.once(2) ? 0 : random.below(verdictCount))),
});

const otherOptions: Mutate = (script, random) => {
  const { front } = script;
  const choice = random.pick(optionChoices[front.role]);
  const merged = Object.entries(choice).map(([name, value]) => {
    const own = front.options[name];
    const isBoth = isRecord(own) && isRecord(value);
    return [name, isBoth ? { ...own, ...value } : value] as const;
  });
  const changed = { ...front, options: { ...front.options, ...Object.fromEntries(merged) } };
  return arePossible(changed) ? { ...script, front: changed } : script;
};

/** Options that exclude each other are refused, and rightly. */
function arePossible(front: Front): boolean {
  try {
    return (front.role === "server" ? serverSessionOf(front) : clientSessionOf(front)) !== undefined;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const otherWay: Mutate = (script) => ({ ...script, ahead: !script.ahead });

/** With how often each is chosen, of all. */
const weights: readonly (readonly [Mutate, number])[] = [
  [damage, 5],
  [cross, 3],
  [insertChunk, 2],
  [insertIntent, 1],
  [insertOther, 1],
  [drop, 1],
  [repeat, 1],
  [rechunk, 1],
  [otherAnswers, 1],
  [otherOptions, 1],
  [otherWay, 1],
];
const mutations = weights.flatMap(([mutate, weight]) => Array.from({ length: weight }, () => mutate));
