// The client's side of SMTP as one chart: what may follow what stands here and nowhere else.
// The chart holds no functions. A state is named for what is awaited. Replies are events by their first digit, as
// RFC 5321 §4.2.1 writes it (2yz … 5yz), since a client may decide by nothing else; 421 alone has a meaning at any time.

import { setup } from "xstate";
import { clientGuards, initialClientFacts, type ClientFacts, type ClientMachineEvent } from "./facts.ts";
import type { ClientTimeout, FailureKind } from "./messages.ts";

const timeout = (name: ClientTimeout) => name;
const fail = (kind: FailureKind) => ({ type: "fail", params: { kind } }) as const;

/** Says QUIT to a server with which no mail can be exchanged. */
const giveUp = (kind: FailureKind) =>
  ({ target: "#client.expectingQuitReply", actions: [fail(kind), { type: "tellFailure" }] }) as const;

/** The server broke the protocol: there is nothing left to say to it. */
const outOfOrder = { target: "#client.closed", actions: fail("protocol") } as const;

export const clientMachine = setup({
  types: {
    context: {} as ClientFacts,
    events: {} as ClientMachineEvent,
  },
  guards: clientGuards,
  actions: {
    /** Remembers why the session, or the transaction, came to nothing. */
    fail: (_, _params: { kind: FailureKind }) => undefined,
    tellFailure: () => undefined,
    rememberGreeting: () => undefined,
    writeEhlo: () => undefined,
    writeHelo: () => undefined,
    rememberCapabilities: () => undefined,
    weigh: () => undefined,
    writeStartTls: () => undefined,
    startTls: () => undefined,
    startOver: () => undefined,
    declineTls: () => undefined,
    askForCredentials: () => undefined,
    forgetCredentials: () => undefined,
    beginAuth: () => undefined,
    dismissMechanism: () => undefined,
    takeChallenge: () => undefined,
    compute: () => undefined,
    takeResult: () => undefined,
    writeAuth: () => undefined,
    cancelAuth: () => undefined,
    rememberAuthentication: () => undefined,
    announceReady: () => undefined,
    openTransaction: () => undefined,
    writeMail: () => undefined,
    refuseAll: () => undefined,
    writeRecipient: () => undefined,
    recordRecipient: () => undefined,
    writeData: () => undefined,
    startContent: () => undefined,
    writeEndOfContent: () => undefined,
    recordContentReply: () => undefined,
    awaitVerdicts: () => undefined,
    recordVerdict: () => undefined,
    recordChunk: () => undefined,
    refuseContent: () => undefined,
    contradictRefusal: () => undefined,
    endTransaction: () => undefined,
    writeReset: () => undefined,
    writeQuestion: () => undefined,
    tellAnswer: () => undefined,
    writeQuit: () => undefined,
    close: () => undefined,
  },
}).createMachine({
  id: "client",
  context: initialClientFacts,
  initial: "expectingGreeting",
  on: {
    "421": { target: ".closed", actions: fail("serviceClosing") },
    "2yz": outOfOrder,
    "3yz": outOfOrder,
    "4yz": outOfOrder,
    "5yz": outOfOrder,
    violated: outOfOrder,
    elapsed: { target: ".closed", actions: fail("timeout") },
    ended: { target: ".closed", actions: fail("disconnected") },
    abort: { target: ".closed", actions: fail("aborted") },
  },
  states: {
    opening: {
      description: "From the greeting to a session in which mail can be sent.",
      initial: "expectingEhloReply",
      states: {
        expectingEhloReply: {
          description: "The server's name and extensions, in the clear or anew under TLS. EHLO, or LHLO in LMTP.",
          meta: { rfc: "RFC 5321 §4.1.1.1, RFC 2033 §4.1", timeout: timeout("hello") },
          entry: "writeEhlo",
          on: {
            "2yz": { target: "weighing", actions: "rememberCapabilities" },
            "4yz": giveUp("refused"),
            "5yz": [{ guard: "lmtp", ...giveUp("refused") }, { target: "expectingHeloReply" }],
          },
        },

        expectingHeloReply: {
          description: "The server knows no EHLO; whether it is willing to serve under HELO.",
          meta: { rfc: "RFC 5321 §3.2", timeout: timeout("hello") },
          entry: "writeHelo",
          on: {
            "2yz": { target: "weighing", actions: "rememberCapabilities" },
            "4yz": giveUp("refused"),
            "5yz": giveUp("refused"),
          },
        },

        weighing: {
          description: "What the server offers is weighed against what the caller requires; left at once.",
          meta: { rfc: "RFC 3207 §4, RFC 4954 §4", timeout: timeout("hello") },
          entry: "weigh",
          on: {
            weighed: [
              { guard: "tlsUnavailable", ...giveUp("tlsUnavailable") },
              { guard: "tlsWanted", target: "expectingStartTlsReply" },
              { guard: "authUnavailable", ...giveUp("authUnavailable") },
              { guard: "credentialsDue", target: "expectingCredentials" },
              { guard: "authWanted", target: "stepping", actions: "beginAuth" },
              { target: "#client.ready", actions: "announceReady" },
            ],
          },
        },

        expectingStartTlsReply: {
          description: "Whether the server goes on under TLS.",
          meta: { rfc: "RFC 3207 §4", timeout: timeout("hello") },
          entry: "writeStartTls",
          on: {
            "2yz": { target: "securing", actions: "startTls" },
            "4yz": [
              { guard: "tlsRequired", ...giveUp("tlsUnavailable") },
              { target: "weighing", actions: "declineTls" },
            ],
            "5yz": [
              { guard: "tlsRequired", ...giveUp("tlsUnavailable") },
              { target: "weighing", actions: "declineTls" },
            ],
          },
        },

        securing: {
          description: "The TLS handshake. What the server said in the clear is forgotten once it is done.",
          meta: { rfc: "RFC 3207 §4.2", timeout: timeout("tls"), wants: "intent" },
          on: {
            secured: { target: "expectingEhloReply", actions: "startOver" },
            ended: { target: "#client.closed", actions: fail("tlsFailed") },
          },
        },

        expectingCredentials: {
          description:
            "The application brings credentials, a fresh token for instance; the server may leave meanwhile.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("hello"), wants: "either" },
          entry: "askForCredentials",
          on: {
            authenticate: { target: "weighing" },
          },
        },

        stepping: {
          description: "What the mechanism makes of the beginning, a challenge or a result; left at once.",
          meta: { rfc: "RFC 4422 §3", timeout: timeout("hello") },
          on: {
            responded: { target: "expectingChallenge", actions: "writeAuth" },
            concluded: { target: "expectingAuthReply", actions: "writeAuth" },
            computing: { target: "computing", actions: "compute" },
            // Nothing has been said: another mechanism may do.
            unusable: { target: "weighing", actions: "dismissMechanism" },
            garbled: { target: "expectingCancelReply", actions: [fail("protocol"), { type: "cancelAuth" }] },
            denied: { target: "expectingCancelReply", actions: "cancelAuth" },
            distrusted: { target: "expectingCancelReply", actions: [fail("authUntrusted"), { type: "cancelAuth" }] },
            incomputable: {
              target: "expectingCancelReply",
              actions: [fail("authUnavailable"), { type: "cancelAuth" }],
            },
          },
        },

        computing: {
          description: "A hash, HMAC, PBKDF2 or randomness, which the driver computes.",
          meta: { rfc: "RFC 5802 §3", timeout: timeout("hello"), wants: "intent" },
          on: {
            computed: { target: "stepping", actions: "takeResult" },
          },
        },

        expectingChallenge: {
          description:
            "A challenge. The mechanism is not through: a 235 now comes from a server that has proven nothing.",
          meta: { rfc: "RFC 4954 §4, RFC 5802 §5", timeout: timeout("hello") },
          on: {
            "2yz": [{ guard: "serverProves", ...giveUp("authUntrusted") }, giveUp("protocol")],
            "3yz": { target: "stepping", actions: "takeChallenge" },
            "4yz": giveUp("authUnavailable"),
            "5yz": [
              { guard: "credentialsDue", target: "expectingCredentials", actions: "forgetCredentials" },
              { guard: "mechanismRefused", ...giveUp("authUnavailable") },
              giveUp("authRefused"),
            ],
          },
        },

        expectingAuthReply: {
          description: "The outcome of the SASL exchange, or a challenge more.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("hello") },
          on: {
            "2yz": { target: "weighing", actions: "rememberAuthentication" },
            "3yz": { target: "stepping", actions: "takeChallenge" },
            "4yz": giveUp("authUnavailable"),
            "5yz": [
              { guard: "credentialsDue", target: "expectingCredentials", actions: "forgetCredentials" },
              { guard: "mechanismRefused", ...giveUp("authUnavailable") },
              giveUp("authRefused"),
            ],
          },
        },

        expectingCancelReply: {
          description: "The server's word on an exchange that was cancelled; it changes nothing about the reason.",
          meta: { rfc: "RFC 4954 §4", timeout: timeout("hello") },
          on: {
            // What went wrong before has been noted already, unless the server has refused in the mechanism's own words.
            "2yz": giveUp("authRefused"),
            "3yz": { target: "#client.closed", actions: fail("authRefused") },
            "4yz": giveUp("authRefused"),
            "5yz": giveUp("authRefused"),
          },
        },
      },
    },

    expectingGreeting: {
      description: "The server's first words.",
      meta: { rfc: "RFC 5321 §3.1", timeout: timeout("greeting") },
      on: {
        "2yz": { target: "opening.expectingEhloReply", actions: "rememberGreeting" },
        "4yz": giveUp("refused"),
        "5yz": giveUp("refused"),
      },
    },

    ready: {
      description: "Nothing is awaited: the application may send, ask or quit.",
      meta: { rfc: "RFC 5321 §3.3", timeout: timeout("idle"), wants: "either" },
      entry: "endTransaction",
      on: {
        quit: "expectingQuitReply",
        send: { target: "transaction", actions: "openTransaction" },
        ask: { target: "expectingAnswer" },
        elapsed: { target: "expectingQuitReply" },
      },
    },

    expectingAnswer: {
      description:
        "The reply to NOOP, VRFY, EXPN, HELP, RSET, or a command of an extension; a server that waits for more gets no more.",
      meta: { rfc: "RFC 5321 §3.5, §4.1.1.5–9", timeout: timeout("command") },
      entry: "writeQuestion",
      on: {
        "2yz": { target: "ready", actions: "tellAnswer" },
        "4yz": { target: "ready", actions: "tellAnswer" },
        "5yz": { target: "ready", actions: "tellAnswer" },
      },
    },

    transaction: {
      description: "One message, to one or more recipients.",
      initial: "expectingMailReply",
      states: {
        expectingMailReply: {
          description:
            "Whether the reverse-path is taken. Pipelined, what follows it up to the content has been written too.",
          meta: { rfc: "RFC 5321 §4.1.1.2, RFC 2920 §3.1", timeout: timeout("command") },
          entry: "writeMail",
          on: {
            "2yz": { target: "expectingRecipientReply" },
            "4yz": [
              { guard: "pipelined", target: "expectingRecipientReply", actions: "refuseAll" },
              { target: "#client.ready", actions: "refuseAll" },
            ],
            "5yz": [
              { guard: "pipelined", target: "expectingRecipientReply", actions: "refuseAll" },
              { target: "#client.ready", actions: "refuseAll" },
            ],
          },
        },

        expectingRecipientReply: {
          description: "Whether one recipient is taken.",
          meta: { rfc: "RFC 5321 §4.1.1.3", timeout: timeout("command") },
          entry: "writeRecipient",
          on: {
            "2yz": [
              { guard: "moreRecipients", target: "expectingRecipientReply", actions: "recordRecipient", reenter: true },
              { guard: "nothingToSend", target: "expectingResetReply", actions: "recordRecipient" },
              { guard: "chunked", target: "sendingChunks", actions: "recordRecipient" },
              { target: "expectingDataReply", actions: "recordRecipient" },
            ],
            "4yz": [
              { guard: "moreRecipients", target: "expectingRecipientReply", actions: "recordRecipient", reenter: true },
              { guard: "nothingToSend", target: "#client.ready", actions: "recordRecipient" },
              { guard: "dataDue", target: "expectingDataReply", actions: "recordRecipient" },
              { guard: "recipientAccepted", target: "sendingChunks", actions: "recordRecipient" },
              { target: "expectingResetReply", actions: "recordRecipient" },
            ],
            "5yz": [
              { guard: "moreRecipients", target: "expectingRecipientReply", actions: "recordRecipient", reenter: true },
              { guard: "nothingToSend", target: "#client.ready", actions: "recordRecipient" },
              { guard: "dataDue", target: "expectingDataReply", actions: "recordRecipient" },
              { guard: "recipientAccepted", target: "sendingChunks", actions: "recordRecipient" },
              { target: "expectingResetReply", actions: "recordRecipient" },
            ],
          },
        },

        expectingDataReply: {
          description: "Whether the content may come.",
          meta: { rfc: "RFC 5321 §4.1.1.4", timeout: timeout("data") },
          entry: "writeData",
          on: {
            "3yz": [
              { guard: "recipientAccepted", target: "sendingContent" },
              // It must not have been taken (RFC 2033 §4.2), and nobody knows how many replies an empty message would get.
              { guard: "lmtp", ...outOfOrder },
              // A pipelined DATA was taken although no recipient was: only an empty message ends that.
              { target: "expectingEmptyContentReply" },
            ],
            "4yz": { target: "expectingResetReply", actions: "refuseAll" },
            "5yz": { target: "expectingResetReply", actions: "refuseAll" },
          },
        },

        sendingContent: {
          description: "The application hands over the content. A reply now is a refusal: no more will be read.",
          meta: { rfc: "RFC 5321 §4.1.1.4, §4.5.2", timeout: timeout("block"), wants: "either" },
          entry: "startContent",
          on: {
            endContent: [
              { guard: "lmtp", target: "expectingIndividualReply", actions: "writeEndOfContent" },
              { target: "expectingContentReply", actions: "writeEndOfContent" },
            ],
            "4yz": { target: "#client.closed", actions: ["recordContentReply", fail("refused")] },
            "5yz": { target: "#client.closed", actions: ["recordContentReply", fail("refused")] },
          },
        },

        sendingChunks: {
          description: "The application hands over the content, which leaves in chunks. One that is refused ends it.",
          meta: { rfc: "RFC 3030 §2", timeout: timeout("block"), wants: "either" },
          entry: "startContent",
          on: {
            "2yz": { guard: "chunkAwaited", actions: "recordChunk" },
            "4yz": [
              { guard: "moreChunks", target: "expectingLeftoverReply", actions: "refuseContent" },
              { guard: "chunkAwaited", target: "expectingResetReply", actions: "refuseContent" },
              { target: "#client.closed", actions: ["recordContentReply", fail("refused")] },
            ],
            "5yz": [
              { guard: "moreChunks", target: "expectingLeftoverReply", actions: "refuseContent" },
              { guard: "chunkAwaited", target: "expectingResetReply", actions: "refuseContent" },
              { target: "#client.closed", actions: ["recordContentReply", fail("refused")] },
            ],
            endContent: [
              { guard: "chunkAwaited", target: "expectingChunkReply", actions: "writeEndOfContent" },
              { guard: "lmtp", target: "expectingIndividualReply", actions: "writeEndOfContent" },
              { target: "expectingContentReply", actions: "writeEndOfContent" },
            ],
          },
        },

        expectingChunkReply: {
          description: "Whether a chunk before the last has been taken; the last has been written too.",
          meta: { rfc: "RFC 3030 §2", timeout: timeout("contentEnd") },
          on: {
            "2yz": [
              { guard: "moreChunks", actions: "recordChunk" },
              { guard: "lmtp", target: "expectingIndividualReply", actions: "recordChunk" },
              { target: "expectingContentReply", actions: "recordChunk" },
            ],
            "4yz": { target: "expectingLeftoverReply", actions: "refuseContent" },
            "5yz": { target: "expectingLeftoverReply", actions: "refuseContent" },
          },
        },

        expectingLeftoverReply: {
          description: "The server's word on chunks that were on their way when an earlier one was refused.",
          meta: { rfc: "RFC 3030 §2", timeout: timeout("contentEnd") },
          on: {
            "2yz": [
              { guard: "moreChunks", actions: "recordChunk" },
              // A message of which a part was refused has been accepted: nobody knows what the server has of it.
              { guard: "lastChunkAwaited", target: "#client.closed", actions: ["contradictRefusal", fail("protocol")] },
              { target: "expectingResetReply", actions: "recordChunk" },
            ],
            "4yz": [
              { guard: "moreChunks", actions: "recordChunk" },
              { target: "expectingResetReply", actions: "recordChunk" },
            ],
            "5yz": [
              { guard: "moreChunks", actions: "recordChunk" },
              { target: "expectingResetReply", actions: "recordChunk" },
            ],
          },
        },

        expectingContentReply: {
          description:
            "Whether the server takes responsibility for the message; 353 says that it will tell for each recipient.",
          meta: { rfc: "RFC 5321 §4.1.1.4, §4.5.3.2.6", timeout: timeout("contentEnd") },
          on: {
            "2yz": { target: "#client.ready", actions: "recordContentReply" },
            "3yz": { guard: "prdr", target: "expectingIndividualReply", actions: "awaitVerdicts" },
            "4yz": { target: "#client.ready", actions: "recordContentReply" },
            "5yz": { target: "#client.ready", actions: "recordContentReply" },
          },
        },

        expectingIndividualReply: {
          description:
            "Whether the server takes responsibility for the message to one of the recipients it has accepted.",
          meta: { rfc: "RFC 2033 §4.2", timeout: timeout("contentEnd") },
          on: {
            "2yz": [
              { guard: "moreVerdicts", actions: "recordVerdict" },
              { guard: "prdr", target: "expectingOverallReply", actions: "recordVerdict" },
              { target: "#client.ready", actions: "recordVerdict" },
            ],
            "4yz": [
              { guard: "moreVerdicts", actions: "recordVerdict" },
              { guard: "prdr", target: "expectingOverallReply", actions: "recordVerdict" },
              { target: "#client.ready", actions: "recordVerdict" },
            ],
            "5yz": [
              { guard: "moreVerdicts", actions: "recordVerdict" },
              { guard: "prdr", target: "expectingOverallReply", actions: "recordVerdict" },
              { target: "#client.ready", actions: "recordVerdict" },
            ],
          },
        },

        expectingOverallReply: {
          description: "Whether what was said of each recipient holds: a refusal here is a refusal for all.",
          meta: { rfc: "RFC 5321 §4.1.1.4", timeout: timeout("contentEnd") },
          on: {
            "2yz": { target: "#client.ready", actions: "recordContentReply" },
            "4yz": { target: "#client.ready", actions: "recordContentReply" },
            "5yz": { target: "#client.ready", actions: "recordContentReply" },
          },
        },

        expectingEmptyContentReply: {
          description: "The server's word on an empty message to nobody; it changes nothing.",
          meta: { rfc: "RFC 2920 §3.1", timeout: timeout("contentEnd") },
          entry: "writeEndOfContent",
          on: {
            "2yz": { target: "#client.ready" },
            "4yz": { target: "#client.ready" },
            "5yz": { target: "#client.ready" },
          },
        },

        expectingResetReply: {
          description: "The transaction came to nothing and is abandoned on the server too.",
          meta: { rfc: "RFC 5321 §4.1.1.5", timeout: timeout("command") },
          entry: "writeReset",
          on: {
            "2yz": { target: "#client.ready" },
            "4yz": { target: "#client.expectingQuitReply", actions: fail("protocol") },
            "5yz": { target: "#client.expectingQuitReply", actions: fail("protocol") },
          },
        },
      },
    },

    expectingQuitReply: {
      description: "The server's farewell; nothing depends on it.",
      meta: { rfc: "RFC 5321 §4.1.1.10", timeout: timeout("quit") },
      entry: ["endTransaction", "writeQuit"],
      on: {
        "421": "closed",
        "2yz": "closed",
        "3yz": "closed",
        "4yz": "closed",
        "5yz": "closed",
        elapsed: "closed",
        ended: "closed",
        violated: "closed",
      },
    },

    closed: {
      type: "final",
      description: "It is over.",
      meta: { rfc: "RFC 5321 §4.1.1.10" },
      entry: ["endTransaction", "close"],
    },
  },
});
