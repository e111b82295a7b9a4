// POP3 (RFC 1939) as a chart: another line protocol than SMTP, to show that engine and driver know neither. The chart holds
// no functions; what its guards mean stands beside it, and its actions are performed by the session.

import { setup } from "xstate";

/** What the session knows and the guards read. */
export interface Pop3Facts {
  /** Octets of each message in the maildrop; message number 1 comes first. */
  readonly sizes: readonly number[];
  /** Numbers of the messages marked as deleted. */
  readonly deleted: ReadonlySet<number>;
}

export const pop3Verbs = ["USER", "PASS", "STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "QUIT"] as const;

export interface Pop3Command {
  readonly type: (typeof pop3Verbs)[number];
  /** What follows the verb and one space; empty where nothing does. */
  readonly argument: string;
}

export type Pop3Happening =
  | Pop3Command
  | { readonly type: "UNKNOWN" | "OVERLONG" | "ACCEPTED" | "ELAPSED" | "ENDED" }
  | { readonly type: "REJECTED"; readonly text: string };

/** What the chart says of a state. */
export interface Pop3Meta {
  readonly rfc?: string;
  /** Name of the time after which the session gives up. */
  readonly timeout?: "autologout";
  readonly wants?: "input" | "intent";
}

interface Situation {
  readonly context: Pop3Facts;
  readonly event: Pop3Happening;
}

/** The number of the message that the argument names, where there is such a message not marked as deleted. */
export function namedMessage(argument: string, { sizes, deleted }: Pop3Facts): number | undefined {
  const number = sizes.findIndex((_, index) => String(index + 1) === argument) + 1;
  return number === 0 || deleted.has(number) ? undefined : number;
}

function argumentOf(event: Pop3Happening): string {
  return "argument" in event ? event.argument : "";
}

const noFacts: Pop3Facts = { sizes: [], deleted: new Set() };

/** Types alone: XState reads no value here. */
const types: { context?: Pop3Facts; events?: Pop3Happening; meta?: Pop3Meta } = {};

export const pop3Chart = setup({
  types,
  guards: {
    hasArgument: ({ event }: Situation) => argumentOf(event) !== "",
    namesMessage: ({ context, event }: Situation) => namedMessage(argumentOf(event), context) !== undefined,
    hasDeletions: ({ context }: Situation) => context.deleted.size > 0,
  },
  actions: {
    replyOk: (_, _params: { text: string }) => {},
    replyError: (_, _params: { text: string }) => {},
    replyRejection: () => {},
    replyStatus: () => {},
    replySize: () => {},
    replyListing: () => {},
    replyMessage: () => {},
    rememberMailbox: () => {},
    forgetMailbox: () => {},
    markDeleted: () => {},
    unmarkDeleted: () => {},
    requestLogin: () => {},
    requestRemoval: () => {},
    close: () => {},
  },
}).createMachine({
  id: "pop3",
  description: "The server's side of one POP3 connection",
  context: noFacts,
  meta: { rfc: "RFC 1939 §3", timeout: "autologout", wants: "input" },
  initial: "authorization",
  entry: { type: "replyOk", params: { text: "POP3 server ready" } },
  on: {
    ELAPSED: { target: ".closed", description: "Autologout: without a reply, and nothing is removed" },
    ENDED: ".closed",
    OVERLONG: { target: ".closed", actions: { type: "replyError", params: { text: "Line too long" } } },
    UNKNOWN: { actions: { type: "replyError", params: { text: "Unknown command" } } },
    "*": { actions: { type: "replyError", params: { text: "Not allowed now" } } },
  },
  states: {
    authorization: {
      description: "The client has yet to say who it is",
      meta: { rfc: "RFC 1939 §4" },
      initial: "expectingUser",
      on: { QUIT: { target: "closed", actions: { type: "replyOk", params: { text: "Goodbye" } } } },
      states: {
        expectingUser: {
          description: "The name of a mailbox is awaited",
          meta: { rfc: "RFC 1939 §7 USER" },
          entry: "forgetMailbox",
          on: {
            USER: [
              {
                guard: "hasArgument",
                target: "expectingPassword",
                actions: ["rememberMailbox", { type: "replyOk", params: { text: "Send PASS" } }],
              },
              { actions: { type: "replyError", params: { text: "USER needs a name" } } },
            ],
          },
        },
        expectingPassword: {
          description: "The password of the mailbox is awaited",
          meta: { rfc: "RFC 1939 §7 PASS" },
          on: { PASS: "decidingLogin" },
        },
        decidingLogin: {
          description: "The application decides whether the password opens the mailbox",
          meta: { rfc: "RFC 1939 §7 PASS", wants: "intent" },
          entry: "requestLogin",
          on: {
            ACCEPTED: {
              target: "#pop3.transaction",
              actions: { type: "replyOk", params: { text: "Maildrop locked and ready" } },
            },
            REJECTED: { target: "expectingUser", actions: "replyRejection" },
          },
        },
      },
    },
    transaction: {
      description: "The maildrop is open",
      meta: { rfc: "RFC 1939 §5" },
      initial: "expectingCommand",
      states: {
        expectingCommand: {
          description: "Any command on the maildrop is awaited",
          on: {
            STAT: { actions: "replyStatus" },
            LIST: [
              { guard: "namesMessage", actions: "replySize" },
              { guard: "hasArgument", actions: { type: "replyError", params: { text: "No such message" } } },
              { actions: "replyListing" },
            ],
            RETR: [
              { guard: "namesMessage", actions: "replyMessage" },
              { actions: { type: "replyError", params: { text: "No such message" } } },
            ],
            DELE: [
              {
                guard: "namesMessage",
                actions: ["markDeleted", { type: "replyOk", params: { text: "Message deleted" } }],
              },
              { actions: { type: "replyError", params: { text: "No such message" } } },
            ],
            NOOP: { actions: { type: "replyOk", params: { text: "Still here" } } },
            RSET: { actions: ["unmarkDeleted", { type: "replyOk", params: { text: "Nothing is deleted" } }] },
            QUIT: [
              { guard: "hasDeletions", target: "#pop3.update" },
              { target: "#pop3.closed", actions: { type: "replyOk", params: { text: "Goodbye" } } },
            ],
          },
        },
      },
    },
    update: {
      description: "The client has quit; what it deleted is removed now",
      meta: { rfc: "RFC 1939 §6" },
      initial: "removingMessages",
      states: {
        removingMessages: {
          description: "The application says whether the messages are removed",
          meta: { wants: "intent" },
          entry: "requestRemoval",
          on: {
            ACCEPTED: { target: "#pop3.closed", actions: { type: "replyOk", params: { text: "Goodbye" } } },
            REJECTED: { target: "#pop3.closed", actions: "replyRejection" },
          },
        },
      },
    },
    closed: { description: "It is over", type: "final", entry: "close" },
  },
});
