// The server's side of SMTP as one chart: what may follow what stands here and nowhere else.
// The chart holds no functions. A state is named for what is awaited; `expecting…` waits for the client, `deciding…`
// for the application. Guards read facts (facts.ts); the session (session.ts) performs the actions.

import { setup } from "xstate";
import { serverGuards, initialServerFacts, type ServerFacts, type ServerMachineEvent } from "./facts.ts";
import type { ServerReplyName } from "./replies.ts";
import type { DecisionSubject, Phase, ServerTimeout } from "./messages.ts";

const reply = (name: ServerReplyName) => ({ type: "reply", params: { reply: name } }) as const;
/** As `reply`, and once for each recipient where the dialogue is such, and the command or content that is answered ends the content. */
const replyToContent = (name: ServerReplyName) => ({ type: "replyToContent", params: { reply: name } }) as const;
const ask = (about: DecisionSubject) => ({ type: "ask", params: { about } }) as const;
const timeout = (name: ServerTimeout) => name;
/** In which phase of the dialogue this state is, for commands of extensions. */
const phase = (name: Phase) => name;
/** What the client is to send in this state, and so which reader takes it. A state without it waits for the application. */
const reads = (what: "proxy" | "silence" | "command" | "response" | "content" | "chunk" | "discarded") => what;

/** The octets behind this BDAT are not wanted. Whatever the answer, they come: they are thrown away before it is given. */
const refuseChunk = (name: ServerReplyName) => ({ type: "refuseChunk", params: { reply: name } }) as const;
const discardChunk = (name: ServerReplyName) =>
  ({ target: "#server.aside.discardingChunk", actions: refuseChunk(name) }) as const;
const chunkNotOffered = { guard: "chunkingMissing", ...discardChunk("chunkingNotOffered") } as const;

const referenceNotOffered = { guard: "burlMissing", actions: reply("burlNotOffered") } as const;

/** Where the dialogue goes on as if nothing had been asked. */
const resume = "#server.dialogue.resume";

/** The application said no, or nothing in time: the session goes on in this state. */
const refusedInto = <Target extends string>(target: Target) =>
  ({
    reject: { target, actions: reply("refused") },
    elapsed: { target, actions: reply("undecided") },
  }) as const;

/** A state that waits for a command takes these whatever the order of the rest. */
const anyCommand = {
  EHLO: [{ guard: "lmtp", actions: reply("unrecognised") }, { target: "#server.aside.decidingHello" }],
  HELO: [{ guard: "lmtp", actions: reply("unrecognised") }, { target: "#server.aside.decidingHello" }],
  LHLO: [{ guard: "lmtp", target: "#server.aside.decidingHello" }, { actions: reply("unrecognised") }],
  NOOP: { actions: reply("ok") },
  QUIT: { target: "#server.closed", actions: reply("goodbye") },
  VRFY: [{ guard: "tlsMissing", actions: reply("tlsRequired") }, { target: "#server.aside.decidingVerify" }],
  EXPN: [{ guard: "tlsMissing", actions: reply("tlsRequired") }, { target: "#server.aside.decidingExpand" }],
  HELP: "#server.aside.decidingHelp",
  extension: [
    { guard: "tlsMissing", actions: reply("tlsRequired") },
    { guard: "verbAllowed", target: "#server.aside.decidingCommand" },
    { actions: reply("outOfOrder") },
  ],
  unrecognised: { actions: reply("unrecognised") },
  malformed: { actions: reply("malformed") },
} as const;

const noTransaction = {
  RSET: "#server.aside.decidingReset",
  RCPT: { actions: reply("mailFirst") },
  DATA: { actions: reply("mailFirst") },
  BDAT: [chunkNotOffered, discardChunk("mailFirst")],
  BURL: [referenceNotOffered, { actions: reply("mailFirst") }],
  shutDown: { target: "#server.closed", actions: reply("shuttingDown") },
  XCLIENT: [
    { guard: "tlsMissing", actions: reply("tlsRequired") },
    { target: "#server.decidingConnection", actions: "assumeClient" },
  ],
} as const;

const inTransaction = {
  RSET: "#server.aside.decidingAbandonment",
  MAIL: { actions: reply("nestedMail") },
  AUTH: { actions: reply("notInTransaction") },
  STARTTLS: { actions: reply("notInTransaction") },
  XCLIENT: { actions: reply("notInTransaction") },
  XFORWARD: { actions: reply("notInTransaction") },
} as const;

export const serverMachine = setup({
  types: {
    context: {} as ServerFacts,
    events: {} as ServerMachineEvent,
  },
  guards: serverGuards,
  actions: {
    /** Writes the reply that the event carries, or else the named one. */
    reply: (_, _params: { reply: ServerReplyName }) => undefined,
    replyToContent: (_, _params: { reply: ServerReplyName }) => undefined,
    /** Puts a question to the application and waits. */
    ask: (_, _params: { about: DecisionSubject }) => undefined,
    rememberHello: () => undefined,
    /** The client is whom XCLIENT named. */
    assumeClient: () => undefined,
    rememberForwarded: () => undefined,
    forgetForwarded: () => undefined,
    openTransaction: () => undefined,
    addRecipient: () => undefined,
    forgetTransaction: () => undefined,
    startContent: () => undefined,
    startChunk: () => undefined,
    /** What the application has fetched goes on as a chunk that the client sent. */
    addReference: () => undefined,
    /** Has the octets of a chunk thrown away, and keeps the reply for when they have come. */
    refuseChunk: (_, _params: { reply: ServerReplyName }) => undefined,
    stepMechanism: () => undefined,
    writeChallenge: () => undefined,
    /** Has the driver compute what the mechanism needs. */
    compute: () => undefined,
    forgetMechanism: () => undefined,
    rememberIdentity: () => undefined,
    /** The octets that have come already belong to the handshake. */
    startTlsFirst: () => undefined,
    startTls: () => undefined,
    startOver: () => undefined,
    close: () => undefined,
  },
}).createMachine({
  id: "server",
  context: initialServerFacts,
  initial: "connecting",
  on: {
    elapsed: { target: ".closed", actions: reply("timeout") },
    expired: { target: ".closed", actions: reply("timeout") },
    violated: { target: ".closed", actions: reply("violated") },
    dismiss: { target: ".closed", actions: reply("shuttingDown") },
    ended: ".closed",
  },
  states: {
    connecting: {
      description: "A connection is there. Nothing is awaited: facts decide what comes first.",
      meta: { rfc: "RFC 5321 §3.1", timeout: timeout("decision") },
      on: {
        connected: [
          { guard: "proxied", target: "expectingProxyHeader" },
          { guard: "greetPaused", target: "expectingSilence" },
          { target: "decidingConnection" },
        ],
      },
    },

    expectingProxyHeader: {
      description: "A proxy says whose connection it passes on. Nothing is said to one that does not, or not in time.",
      meta: { rfc: "PROXY protocol §2", timeout: timeout("proxy"), reads: reads("proxy") },
      on: {
        proxied: [{ guard: "tlsFirst", target: "securingFirst", actions: "startTlsFirst" }, { target: "connecting" }],
        shutDown: "closed",
        elapsed: "closed",
        expired: "closed",
        dismiss: "closed",
        violated: "closed",
      },
    },

    securingFirst: {
      description: "The TLS handshake that comes before the greeting (implicit TLS), behind a PROXY header.",
      meta: { rfc: "RFC 8314 §3", timeout: timeout("tls") },
      on: {
        secured: { target: "connecting", actions: "startOver" },
        elapsed: "closed",
        expired: "closed",
        dismiss: "closed",
        violated: "closed",
      },
    },

    expectingSilence: {
      description: "The greeting is held back. A client must wait for it; one that speaks is no mail server.",
      meta: { rfc: "RFC 5321 §3.1", timeout: timeout("greetPause"), reads: reads("silence") },
      on: {
        elapsed: "decidingConnection",
        shutDown: { target: "closed", actions: reply("shuttingDown") },
      },
    },

    decidingConnection: {
      description: "Whether to serve this client at all: 220, or 554 and nothing but QUIT.",
      meta: { rfc: "RFC 5321 §3.1", timeout: timeout("decision") },
      entry: ask("connection"),
      on: {
        accept: { target: "dialogue.idle.expectingHello", actions: reply("greeting") },
        reject: { target: "expectingQuit", actions: reply("noService") },
      },
    },

    expectingQuit: {
      description: "Service was refused at the greeting; the client may only leave.",
      meta: { rfc: "RFC 5321 §3.1", timeout: timeout("command"), reads: reads("command") },
      on: {
        QUIT: { target: "closed", actions: reply("goodbye") },
        BDAT: { target: "discardingUnserved", actions: refuseChunk("noServiceHere") },
        shutDown: { target: "closed", actions: reply("shuttingDown") },
        "*": { actions: reply("noServiceHere") },
        // The wildcard would take these from the root.
        elapsed: { target: "closed", actions: reply("timeout") },
        expired: { target: "closed", actions: reply("timeout") },
        violated: { target: "closed", actions: reply("violated") },
        dismiss: { target: "closed", actions: reply("shuttingDown") },
        ended: "closed",
      },
    },

    discardingUnserved: {
      description: "The octets behind BDAT where service was refused at the greeting.",
      meta: { rfc: "RFC 3030 §2", timeout: timeout("content"), reads: reads("discarded") },
      on: {
        chunkDiscarded: { target: "expectingQuit", actions: reply("noServiceHere") },
      },
    },

    dialogue: {
      initial: "idle",
      states: {
        resume: { type: "history", history: "deep" },

        idle: {
          description: "No transaction is open: arriving here forgets whatever one there was.",
          initial: "expectingHello",
          entry: "forgetTransaction",
          states: {
            expectingHello: {
              description: "The client has not introduced itself in this (or, after STARTTLS, in the new) session.",
              meta: {
                rfc: "RFC 5321 §4.1.4",
                timeout: timeout("command"),
                reads: reads("command"),
                phase: phase("beforeHello"),
              },
              on: {
                ...anyCommand,
                ...noTransaction,
                MAIL: { actions: reply("helloFirst") },
                AUTH: { actions: reply("helloFirst") },
                STARTTLS: { actions: reply("helloFirst") },
                XFORWARD: { actions: reply("helloFirst") },
              },
            },

            expectingMail: {
              description: "The client is known by name, and a transaction may begin.",
              meta: {
                rfc: "RFC 5321 §3.3",
                timeout: timeout("command"),
                reads: reads("command"),
                phase: phase("betweenTransactions"),
              },
              on: {
                ...anyCommand,
                ...noTransaction,
                MAIL: [
                  { guard: "tlsMissing", actions: reply("tlsRequired") },
                  { guard: "authMissing", actions: reply("authRequired") },
                  { target: "decidingMail" },
                ],
                AUTH: [
                  { guard: "tlsMissing", actions: reply("tlsRequired") },
                  { guard: "authenticated", actions: reply("alreadyAuthenticated") },
                  { guard: "authNeedsTls", actions: reply("authNeedsTls") },
                  { guard: "authOffered", target: "#server.authenticating" },
                  { actions: reply("authNotOffered") },
                ],
                XFORWARD: [
                  { guard: "tlsMissing", actions: reply("tlsRequired") },
                  { actions: ["rememberForwarded", reply("ok")] },
                ],
                STARTTLS: [
                  { guard: "tlsOffered", target: "#server.aside.decidingStartTls" },
                  { actions: reply("tlsNotOffered") },
                ],
              },
            },

            decidingMail: {
              description: "Whether to take mail from this reverse-path.",
              meta: { rfc: "RFC 5321 §4.1.1.2", timeout: timeout("decision") },
              entry: ask("mail"),
              on: {
                accept: {
                  target: "#server.dialogue.transaction",
                  actions: ["openTransaction", reply("senderOk")],
                },
                ...refusedInto("expectingMail"),
              },
            },
          },
        },

        transaction: {
          description: "A reverse-path is open.",
          initial: "expectingFirstRecipient",
          states: {
            expectingFirstRecipient: {
              description: "No recipient has been accepted yet, so there is no content to be sent.",
              meta: {
                rfc: "RFC 5321 §3.3",
                timeout: timeout("command"),
                reads: reads("command"),
                phase: phase("inTransaction"),
              },
              on: {
                ...anyCommand,
                ...inTransaction,
                RCPT: "decidingFirstRecipient",
                DATA: [{ guard: "lmtp", actions: reply("recipientFirst") }, { actions: reply("noValidRecipients") }],
                BDAT: [
                  chunkNotOffered,
                  { guard: "lmtp", ...discardChunk("recipientFirst") },
                  discardChunk("noValidRecipients"),
                ],
                BURL: [
                  referenceNotOffered,
                  { guard: "lmtp", actions: reply("recipientFirst") },
                  { actions: reply("noValidRecipients") },
                ],
              },
            },

            decidingFirstRecipient: {
              description: "Whether to take mail for this recipient, the first.",
              meta: { rfc: "RFC 5321 §4.1.1.3", timeout: timeout("decision") },
              entry: ask("recipient"),
              on: {
                accept: { target: "expectingRecipientOrData", actions: ["addRecipient", reply("recipientOk")] },
                ...refusedInto("expectingFirstRecipient"),
              },
            },

            expectingRecipientOrData: {
              description: "At least one recipient has been accepted.",
              meta: {
                rfc: "RFC 5321 §3.3",
                timeout: timeout("command"),
                reads: reads("command"),
                phase: phase("inTransaction"),
              },
              on: {
                ...anyCommand,
                ...inTransaction,
                RCPT: "decidingRecipient",
                DATA: [{ guard: "binaryContent", actions: reply("binaryByChunks") }, { target: "decidingData" }],
                BDAT: [chunkNotOffered, { target: "decidingChunks" }],
                BURL: [referenceNotOffered, { target: "decidingReferences" }],
              },
            },

            decidingRecipient: {
              description: "Whether to take mail for this recipient, one more.",
              meta: { rfc: "RFC 5321 §4.1.1.3", timeout: timeout("decision") },
              entry: ask("recipient"),
              on: {
                accept: { target: "expectingRecipientOrData", actions: ["addRecipient", reply("recipientOk")] },
                ...refusedInto("expectingRecipientOrData"),
              },
            },

            decidingData: {
              description: "Whether to let the content come.",
              meta: { rfc: "RFC 5321 §4.1.1.4", timeout: timeout("decision") },
              entry: ask("data"),
              on: {
                accept: { target: "receivingContent", actions: [reply("startContent"), "startContent"] },
                ...refusedInto("#server.dialogue.idle.expectingMail"),
              },
            },

            receivingContent: {
              description: "The content, up to CRLF . CRLF and no other end.",
              meta: { rfc: "RFC 5321 §4.1.1.4, §4.5.2", timeout: timeout("content"), reads: reads("content") },
              on: {
                contentEnded: [
                  {
                    guard: "contentRefused",
                    target: "#server.dialogue.idle.expectingMail",
                    actions: replyToContent("contentRefused"),
                  },
                  { target: "decidingMessage" },
                ],
              },
            },

            decidingChunks: {
              description: "Whether to let the content come, now that its first chunk is about to.",
              meta: { rfc: "RFC 3030 §2", timeout: timeout("decision") },
              entry: ask("data"),
              on: {
                accept: { target: "receivingChunk", actions: ["startContent", "startChunk"] },
                reject: { target: "discardingChunk", actions: refuseChunk("refused") },
                elapsed: { target: "discardingChunk", actions: refuseChunk("undecided") },
              },
            },

            discardingChunk: {
              description: "The octets of the first chunk, which the application did not let come.",
              meta: { rfc: "RFC 3030 §2", timeout: timeout("content"), reads: reads("discarded") },
              on: {
                chunkDiscarded: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("refused") },
              },
            },

            decidingReferences: {
              description: "Whether to let the content come, now that it begins with what a URL refers to.",
              meta: { rfc: "RFC 4468 §3.2", timeout: timeout("decision") },
              entry: ask("data"),
              on: {
                accept: { target: "decidingReference", actions: "startContent" },
                reject: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("refused") },
                elapsed: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("undecided") },
              },
            },

            decidingReference: {
              description: "What the URL refers to, which the application is to fetch.",
              meta: { rfc: "RFC 4468 §3.2", timeout: timeout("decision") },
              entry: ask("reference"),
              on: {
                accept: { target: "receivingChunk", actions: "addReference" },
                reject: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("refused") },
                elapsed: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("undecided") },
              },
            },

            receivingChunk: {
              description: "A chunk of the content: as many octets as BDAT announced, whatever they are.",
              meta: { rfc: "RFC 3030 §2", timeout: timeout("content"), reads: reads("chunk") },
              on: {
                chunkEnded: [
                  {
                    guard: "contentRefused",
                    target: "#server.dialogue.idle.expectingMail",
                    actions: replyToContent("contentRefused"),
                  },
                  { target: "expectingChunk", actions: reply("chunkOk") },
                ],
                contentEnded: [
                  {
                    guard: "contentRefused",
                    target: "#server.dialogue.idle.expectingMail",
                    actions: replyToContent("contentRefused"),
                  },
                  { target: "decidingMessage" },
                ],
              },
            },

            expectingChunk: {
              description: "The content has begun with a chunk, and has not ended: only chunks can go on with it.",
              meta: { rfc: "RFC 3030 §2", timeout: timeout("command"), reads: reads("command") },
              on: {
                ...anyCommand,
                ...inTransaction,
                RCPT: { actions: reply("chunksBegun") },
                DATA: { actions: reply("chunksBegun") },
                BDAT: { target: "receivingChunk", actions: "startChunk" },
                BURL: [referenceNotOffered, { target: "decidingReference" }],
              },
            },

            decidingMessage: {
              description: "Whether to take responsibility for the message: the 250 that follows is a promise.",
              meta: { rfc: "RFC 5321 §4.2.5, §6.1; RFC 2033 §4.2", timeout: timeout("message") },
              entry: ask("message"),
              on: {
                accept: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("messageOk") },
                reject: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("refused") },
                elapsed: { target: "#server.dialogue.idle.expectingMail", actions: replyToContent("undecided") },
              },
            },
          },
        },
      },
    },

    aside: {
      description:
        "What interrupts the dialogue: a question, or octets that nobody wants. Unless the answer changes it, the dialogue goes on where it was.",
      initial: "decidingHelp",
      states: {
        decidingHello: {
          description:
            "Whether to speak with a client of this name. Accepted, it forgets any transaction, as RSET does.",
          meta: { rfc: "RFC 5321 §4.1.4", timeout: timeout("decision") },
          entry: ask("hello"),
          on: {
            accept: {
              target: "#server.dialogue.idle.expectingMail",
              actions: ["rememberHello", "forgetForwarded", reply("hello")],
            },
            ...refusedInto(resume),
          },
        },

        decidingReset: {
          description: "RSET was seen while no transaction is open.",
          meta: { rfc: "RFC 5321 §4.1.1.5", timeout: timeout("decision") },
          entry: ask("reset"),
          on: {
            accept: { target: resume, actions: ["forgetForwarded", reply("ok")] },
            ...refusedInto(resume),
          },
        },

        decidingAbandonment: {
          description: "RSET was seen within a transaction, which it abandons.",
          meta: { rfc: "RFC 5321 §4.1.1.5", timeout: timeout("decision") },
          entry: ask("reset"),
          on: {
            accept: { target: "#server.dialogue.idle.expectingMail", actions: reply("ok") },
            ...refusedInto(resume),
          },
        },

        decidingVerify: {
          description: "What to tell about a user.",
          meta: { rfc: "RFC 5321 §3.5, §7.3", timeout: timeout("decision") },
          entry: ask("verify"),
          on: {
            accept: { target: resume, actions: reply("cannotVerify") },
            ...refusedInto(resume),
          },
        },

        decidingExpand: {
          description: "What to tell about a mailing list.",
          meta: { rfc: "RFC 5321 §3.5, §7.3", timeout: timeout("decision") },
          entry: ask("expand"),
          on: {
            accept: { target: resume, actions: reply("cannotExpand") },
            ...refusedInto(resume),
          },
        },

        discardingChunk: {
          description: "The octets behind a BDAT that cannot be taken now, or not at all.",
          meta: { rfc: "RFC 3030 §2", timeout: timeout("content"), reads: reads("discarded") },
          on: {
            chunkDiscarded: { target: resume, actions: reply("refused") },
          },
        },

        decidingHelp: {
          description: "What help to give.",
          meta: { rfc: "RFC 5321 §4.1.1.8", timeout: timeout("decision") },
          entry: ask("help"),
          on: {
            accept: { target: resume, actions: reply("help") },
            ...refusedInto(resume),
          },
        },

        decidingCommand: {
          description: "What to do about a command of an extension.",
          meta: { rfc: "RFC 5321 §2.2.1", timeout: timeout("decision") },
          entry: ask("command"),
          on: {
            accept: { target: resume, actions: reply("ok") },
            ...refusedInto(resume),
          },
        },

        decidingStartTls: {
          description: "Whether to go on under TLS.",
          meta: { rfc: "RFC 3207 §4", timeout: timeout("decision") },
          entry: ask("startTls"),
          on: {
            accept: { target: "#server.securing", actions: [reply("readyForTls"), "startTls"] },
            reject: { target: "#server.dialogue.resume", actions: reply("tlsUnavailable") },
            elapsed: { target: "#server.dialogue.resume", actions: reply("tlsUnavailable") },
          },
        },
      },
    },

    securing: {
      description: "The TLS handshake. What was known of the client in the clear is forgotten once it is done.",
      meta: { rfc: "RFC 3207 §4.2", timeout: timeout("tls") },
      on: {
        secured: { target: "dialogue.idle.expectingHello", actions: "startOver" },
        // There is no channel on which to say why.
        elapsed: "closed",
        expired: "closed",
        dismiss: "closed",
        violated: "closed",
      },
    },

    authenticating: {
      description: "A SASL exchange.",
      initial: "stepping",
      exit: "forgetMechanism",
      states: {
        stepping: {
          description: "The mechanism works on what it was given. Nothing is awaited: it says at once how it goes on.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("decision") },
          entry: "stepMechanism",
          on: {
            challenged: { target: "expectingResponse", actions: "writeChallenge" },
            computing: "computing",
            questioned: "answeringMechanism",
            identified: "decidingAuthentication",
            verified: {
              target: "#server.dialogue.idle.expectingMail",
              actions: ["rememberIdentity", reply("authenticated")],
            },
            failed: { target: "#server.dialogue.idle.expectingMail", actions: reply("badCredentials") },
            garbled: { target: "#server.dialogue.idle.expectingMail", actions: reply("malformed") },
            elapsed: { target: "#server.dialogue.idle.expectingMail", actions: reply("authUndecided") },
          },
        },

        expectingResponse: {
          description: "The client's answer to a challenge, in base64, or * to cancel.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("command"), reads: reads("response") },
          on: {
            responded: { target: "stepping" },
            cancelled: { target: "#server.dialogue.idle.expectingMail", actions: reply("authCancelled") },
            garbled: { target: "#server.dialogue.idle.expectingMail", actions: reply("malformed") },
          },
        },

        computing: {
          description: "The driver hashes, draws random octets or derives a key for the mechanism.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("decision") },
          entry: "compute",
          on: {
            computed: "stepping",
            elapsed: { target: "#server.dialogue.idle.expectingMail", actions: reply("authUndecided") },
          },
        },

        answeringMechanism: {
          description:
            "What the application knows of the user, or of the token: keys, a secret, whom it authenticates.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("decision") },
          entry: ask("credentials"),
          on: {
            answer: "stepping",
            reject: { target: "#server.dialogue.idle.expectingMail", actions: reply("authUndecided") },
            elapsed: { target: "#server.dialogue.idle.expectingMail", actions: reply("authUndecided") },
          },
        },

        decidingAuthentication: {
          description: "Whether these credentials are good.",
          meta: { rfc: "RFC 4954 §6", timeout: timeout("decision") },
          entry: ask("authentication"),
          on: {
            accept: {
              target: "#server.dialogue.idle.expectingMail",
              actions: ["rememberIdentity", reply("authenticated")],
            },
            reject: { target: "#server.dialogue.idle.expectingMail", actions: reply("badCredentials") },
            elapsed: { target: "#server.dialogue.idle.expectingMail", actions: reply("authUndecided") },
          },
        },
      },
    },

    closed: {
      type: "final",
      description: "It is over.",
      meta: { rfc: "RFC 5321 §4.1.1.10" },
      entry: ["forgetTransaction", "close"],
    },
  },
});
