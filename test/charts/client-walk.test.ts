// Every reachable state × event of the client's chart: one command at most for a reply, no reply passed over, every
// transaction told the end of, and every state left by its timeout.

import { describe, expect, test } from "vitest";
import { initialClientFacts, type ClientFacts } from "../../packages/core/src/client/facts.ts";
import { clientMachine } from "../../packages/core/src/client/machine.ts";
import {
  combinations,
  graphOf,
  leavesOf,
  stateNamesOf,
  walkCompiled,
  type Action,
  type Step,
} from "../support/chart-walk.ts";

type FactName = keyof ClientFacts;

/** What matters up to the content of a transaction, and from there on; the other facts matter before it. */
const atRecipients: readonly FactName[] = [
  "pipelined",
  "moreRecipients",
  "dataDue",
  "recipientAccepted",
  "chunked",
  "nothingToSend",
];
const atContent: readonly FactName[] = ["chunkAwaited", "moreChunks", "lastChunkAwaited", "moreVerdicts", "prdr"];
const inTransaction = [...atRecipients, ...atContent];
const atOpening = (Object.keys(initialClientFacts) as FactName[]).filter((name) => !inTransaction.includes(name));

/** The facts that can be true together; those of one part of a session are of no account to the others. */
const allFacts: readonly ClientFacts[] = [
  ...[...combinations(atOpening)].filter(
    ({ tlsUnavailable, tlsRequired, tlsWanted, authWanted, authUnavailable, credentialsDue, ...facts }) =>
      !(tlsUnavailable && (tlsWanted || !tlsRequired)) &&
      !((facts.serverProves || facts.mechanismRefused) && (tlsWanted || tlsRequired || facts.lmtp)) &&
      [authWanted, authUnavailable, credentialsDue].filter(Boolean).length <= 1,
  ),
  ...[...combinations([...atRecipients, "lmtp"])].filter(
    ({ pipelined, recipientAccepted, dataDue, chunked, nothingToSend }) =>
      dataDue === (!chunked && (pipelined || recipientAccepted)) &&
      !(chunked && !pipelined) &&
      !(nothingToSend && (!chunked || recipientAccepted)),
  ),
  ...[...combinations([...atContent, "chunked", "lmtp"])]
    .filter(
      ({ chunkAwaited, moreChunks, lastChunkAwaited, chunked, prdr, lmtp }) =>
        !(prdr && lmtp) &&
        !(moreChunks && !chunkAwaited) &&
        !(lastChunkAwaited && chunkAwaited) &&
        !(chunkAwaited && !chunked),
    )
    .map((facts) => ({ ...facts, pipelined: true, recipientAccepted: true, dataDue: !facts.chunked })),
].map((facts) => ({ ...initialClientFacts, ...facts }));
const leaves = leavesOf(clientMachine);
const steps: readonly Step<ClientFacts>[] = allFacts.flatMap((facts) => graphOf(clientMachine, facts));
const open = steps.filter(({ from }) => from !== "closed");

const replies = ["2yz", "3yz", "4yz", "5yz", "421"];
const writing = [
  "writeEhlo",
  "writeHelo",
  "writeStartTls",
  "writeAuth",
  "cancelAuth",
  "writeMail",
  "writeRecipient",
  "writeData",
  "writeEndOfContent",
  "writeReset",
  "writeQuestion",
  "writeQuit",
];

const count = (actions: readonly Action[], ...types: readonly string[]) =>
  actions.filter(({ type }) => types.includes(type)).length;
const has = (actions: readonly Action[], type: string) => count(actions, type) > 0;
const failureOf = (actions: readonly Action[]) => actions.find(({ type }) => type === "fail")?.params?.["kind"];
const isTransaction = (path: string) => path.startsWith("transaction.");

function expectAll(subject: readonly Step<ClientFacts>[], holds: (step: Step<ClientFacts>) => boolean): void {
  expect(subject.length).toBeGreaterThan(0);
  expect(subject.filter((step) => !holds(step)).slice(0, 3)).toEqual([]);
}

describe("the client's chart, as documentation", () => {
  test("says of every state but the last what is awaited, in which RFC, and for how long", () => {
    const timeouts = ["greeting", "hello", "command", "data", "block", "contentEnd", "quit", "tls", "idle"];
    for (const { path, description, meta, final } of leaves) {
      expect(description, path).toMatch(/^[A-Z].*\.$/s);
      expect(meta["rfc"], path).toMatch(/^RFC \d{4} §/);
      if (!final) expect(timeouts, path).toContain(meta["timeout"]);
    }
  });

  test("names every state for what is awaited or for what it is within", () => {
    for (const name of stateNamesOf(clientMachine).filter((state) => state !== "transaction" && state !== "opening")) {
      expect(name).toMatch(
        /^expecting(Greeting|Answer|Credentials|Challenge|[A-Z][A-Za-z]+Reply)$|^(sending(Content|Chunks)|weighing|stepping|computing|securing|ready|closed)$/,
      );
    }
  });

  test("has no state that cannot be reached", () => {
    const reached = new Set(steps.flatMap(({ from, to }) => [from, to]));
    expect(leaves.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("the client's chart, step by step", () => {
  test("writes one command or group of commands at most for an event", () => {
    expectAll(open, ({ actions }) => count(actions, ...writing) <= 1);
  });

  test("passes over no reply", () => {
    const replied = open.filter(({ event }) => replies.includes(event));
    expectAll(replied, ({ from, to, actions }) => from !== to || actions.length > 0);
  });

  test("closes at a 421, whatever is going on", () => {
    expectAll(
      open.filter(({ event }) => event === "421"),
      ({ from, to, actions }) => {
        return to === "closed" && (failureOf(actions) === "serviceClosing" || from === "expectingQuitReply");
      },
    );
  });

  test("closes at the end of the connection, at an abort and at a broken protocol, with the failure named", () => {
    const kinds: Readonly<Record<string, string>> = { ended: "disconnected", abort: "aborted", violated: "protocol" };
    expectAll(
      open.filter(({ event }) => event in kinds),
      ({ from, to, event, actions }) => {
        const kind = from === "opening.securing" && event === "ended" ? "tlsFailed" : kinds[event];
        const expected = failureOf(actions) === kind || (from === "expectingQuitReply" && event !== "abort");
        return to === "closed" && expected;
      },
    );
  });

  test("leaves every state when its time is over", () => {
    expectAll(
      open.filter(({ event }) => event === "elapsed"),
      ({ from, to, actions }) => {
        if (from === "ready") return to === "expectingQuitReply";
        return to === "closed" && (failureOf(actions) === "timeout" || from === "expectingQuitReply");
      },
    );
  });

  test("tells the end of the transaction whenever it arrives where none is open", () => {
    const done = ["ready", "closed", "expectingQuitReply"];
    expectAll(
      open.filter(({ from, to }) => from !== to && done.includes(to)),
      ({ actions }) => count(actions, "endTransaction") === 1,
    );
  });

  test("names one failure at most, and names it before it tells the end of the transaction", () => {
    expectAll(open, ({ actions }) => count(actions, "fail") <= 1);
    const both = open.filter(({ actions }) => has(actions, "fail") && has(actions, "endTransaction"));
    const at = (actions: readonly Action[], type: string) => actions.findIndex((action) => action.type === type);
    expectAll(both, ({ actions }) => at(actions, "fail") < at(actions, "endTransaction"));
  });

  test("begins a transaction, a question or the farewell only when nothing is awaited", () => {
    for (const intent of ["send", "ask", "quit"]) {
      expectAll(
        open.filter(({ event }) => event === intent),
        ({ from, to, actions }) => {
          return from === "ready"
            ? to !== from && count(actions, ...writing) === 1
            : to === from && actions.length === 0;
        },
      );
    }
  });

  test("after startTls only secures, and then says EHLO anew", () => {
    expectAll(
      open.filter(({ actions }) => has(actions, "startTls")),
      ({ from, to, event, actions }) => {
        return (
          from === "opening.expectingStartTlsReply" &&
          event === "2yz" &&
          to === "opening.securing" &&
          count(actions, ...writing) === 0
        );
      },
    );
    const leaving = open.filter(({ from, to }) => from === "opening.securing" && to !== from);
    expectAll(leaving, ({ event, to, actions }) => {
      if (event !== "secured") return to === "closed" && has(actions, "fail");
      return to === "opening.expectingEhloReply" && actions.map(({ type }) => type).join() === "startOver,writeEhlo";
    });
  });

  test("neither authenticates nor is ready where TLS is required and cannot be had", () => {
    const weighed = open.filter(
      ({ event, from, facts }) => event === "weighed" && from.endsWith("weighing") && facts.tlsUnavailable,
    );
    expectAll(weighed, ({ to, actions }) => to === "expectingQuitReply" && failureOf(actions) === "tlsUnavailable");
    const declined = open.filter(({ from, event, facts }) => {
      return from.endsWith("expectingStartTlsReply") && (event === "4yz" || event === "5yz") && facts.tlsRequired;
    });
    expectAll(declined, ({ to }) => to === "expectingQuitReply");
  });

  test("takes a 2yz for success only where the mechanism is through with the server", () => {
    expectAll(
      open.filter(({ actions }) => has(actions, "rememberAuthentication")),
      ({ from, event }) => from === "opening.expectingAuthReply" && event === "2yz",
    );
    expectAll(
      open.filter(({ from, event }) => from === "opening.expectingChallenge" && event === "2yz"),
      ({ to, actions, facts }) =>
        to === "expectingQuitReply" && failureOf(actions) === (facts.serverProves ? "authUntrusted" : "protocol"),
    );
    expectAll(
      open.filter(({ from, to }) => to === "opening.expectingAuthReply" && from !== to),
      ({ from, event }) => from === "opening.stepping" && event === "concluded",
    );
  });

  /** What is known before the server has answered the cancelling. */
  const reasons: Readonly<Record<string, string | undefined>> = {
    garbled: "protocol",
    distrusted: "authUntrusted",
    incomputable: "authUnavailable",
    denied: undefined,
  };

  test("says AUTH or a response only when the mechanism has one, and cancels only what has begun", () => {
    expectAll(
      open.filter(({ actions }) => has(actions, "writeAuth")),
      ({ from, event }) => from === "opening.stepping" && (event === "responded" || event === "concluded"),
    );
    expectAll(
      open.filter(({ actions }) => has(actions, "cancelAuth")),
      ({ from, event, to, actions }) =>
        from === "opening.stepping" &&
        to === "opening.expectingCancelReply" &&
        event in reasons &&
        failureOf(actions) === reasons[event],
    );
  });

  test("says that credentials were refused only where the server has refused them", () => {
    const answered = open.filter(({ from }) => /expecting(Challenge|AuthReply)$/.test(from));
    expectAll(
      answered.filter(({ event }) => event === "4yz"),
      ({ to, actions }) => to === "expectingQuitReply" && failureOf(actions) === "authUnavailable",
    );
    expectAll(
      answered.filter(({ event, facts }) => event === "5yz" && !facts.credentialsDue),
      ({ actions, facts }) => failureOf(actions) === (facts.mechanismRefused ? "authUnavailable" : "authRefused"),
    );
    const refused = open.filter(({ actions }) => failureOf(actions) === "authRefused");
    expectAll(refused, ({ from, event }) => {
      return from.endsWith("expectingCancelReply") || (event === "5yz" && /expecting(Challenge|AuthReply)$/.test(from));
    });
  });

  test("is ready again after an answer, and not where the server waits for more", () => {
    const answered = open.filter(({ from, event }) => from === "expectingAnswer" && event.endsWith("yz"));
    expectAll(answered, ({ event, to, actions }) =>
      event === "3yz" ? failureOf(actions) === "protocol" && to === "closed" : to === "ready",
    );
  });

  test("asks the application for credentials when they are due, and only then", () => {
    expectAll(
      open.filter(({ to, from }) => to === "opening.expectingCredentials" && from !== to),
      ({ facts, actions }) => facts.credentialsDue && count(actions, "askForCredentials") === 1,
    );
    expectAll(
      open.filter(({ event, from, to }) => event === "authenticate" && from !== to),
      ({ from, to }) => from === "opening.expectingCredentials" && to === "opening.weighing",
    );
  });

  test("hands content over only to a server that has accepted a recipient", () => {
    const arriving = open.filter(({ from, to }) => to.endsWith("sendingContent") && from !== to);
    expectAll(
      arriving,
      ({ from, event, facts }) => from.endsWith("expectingDataReply") && event === "3yz" && facts.recipientAccepted,
    );
    const empty = open.filter(({ to, from }) => to.endsWith("expectingEmptyContentReply") && from !== to);
    expectAll(empty, ({ facts, event }) => !facts.recipientAccepted && event === "3yz");
  });

  test("sends content by BDAT where it is chunked, with no DATA, to a server that has accepted a recipient", () => {
    const chunked = open.filter(({ facts }) => facts.chunked);
    expectAll(
      chunked,
      ({ to, actions }) => !/expecting(Data|EmptyContent)Reply$/.test(to) && !has(actions, "writeData"),
    );
    const arriving = open.filter(({ from, to }) => to.endsWith("sendingChunks") && from !== to);
    expectAll(arriving, ({ from, event, facts }) => {
      const isAccepted = event === "2yz" || facts.recipientAccepted;
      return from.endsWith("expectingRecipientReply") && isAccepted && facts.chunked && !facts.nothingToSend;
    });
  });

  test("takes every reply to a chunk for what it is, and resets after a refusal", () => {
    const answered = open.filter(
      ({ event, from }) => /expecting(Chunk|Leftover)Reply$/.test(from) && /[245]yz/.test(event),
    );
    expectAll(answered, ({ from, event, to, actions, facts }) => {
      if (from.endsWith("ChunkReply"))
        return event === "2yz" ? has(actions, "recordChunk") : has(actions, "refuseContent");
      if (facts.moreChunks) return to === from && has(actions, "recordChunk");
      return to.endsWith("expectingResetReply") || (event === "2yz" && facts.lastChunkAwaited && to === "closed");
    });
    const refused = open.filter(({ actions }) => has(actions, "refuseContent"));
    expectAll(refused, ({ to }) => /expecting(Leftover|Reset)Reply$/.test(to));
    const unasked = open.filter(({ from, event }) => from.endsWith("sendingChunks") && /[2345]yz/.test(event));
    expectAll(unasked, ({ facts, to }) => facts.chunkAwaited || to === "closed");
  });

  test("awaits the verdict on the content once, or for each accepted recipient in LMTP, and after all chunks", () => {
    const verdictIn = ({ lmtp }: ClientFacts) => (lmtp ? "expectingIndividualReply" : "expectingContentReply");
    const ending = open.filter(({ event, from }) => event === "endContent" && /sending(Content|Chunks)$/.test(from));
    expectAll(ending, ({ to, facts }) => to.endsWith(facts.chunkAwaited ? "expectingChunkReply" : verdictIn(facts)));
    const chunks = open.filter(({ event, from }) => event === "2yz" && from.endsWith("expectingChunkReply"));
    expectAll(chunks, ({ from, to, facts }) => (facts.moreChunks ? to === from : to.endsWith(verdictIn(facts))));
    const verdicts = open.filter(
      ({ from, event }) => from.endsWith("expectingIndividualReply") && event.endsWith("yz"),
    );
    expectAll(verdicts, ({ event, to, actions, facts }) => {
      if (event === "3yz") return to === "closed" && failureOf(actions) === "protocol";
      const next = facts.moreVerdicts ? "IndividualReply" : facts.prdr ? "OverallReply" : "ready";
      return count(actions, "recordVerdict") === 1 && to.endsWith(next);
    });
  });

  test("takes 353 for the word that each recipient will be answered, and then all of them, where it asked for that", () => {
    const announced = open.filter(({ from, event }) => from.endsWith("expectingContentReply") && event === "3yz");
    expectAll(announced, ({ to, facts }) => (facts.prdr ? to.endsWith("expectingIndividualReply") : to === "closed"));
    const overall = open.filter(({ from, event }) => from.endsWith("expectingOverallReply") && /[245]yz/.test(event));
    expectAll(overall, ({ to, actions }) => to === "ready" && has(actions, "recordContentReply"));
  });

  test("falls back to HELO in SMTP alone, and sends no empty content in LMTP", () => {
    const lmtp = open.filter(({ facts }) => facts.lmtp);
    expectAll(lmtp, ({ to }) => !/expecting(HeloReply|EmptyContentReply)$/.test(to));
  });

  test("can get from every state to the end", () => {
    const ends = new Set(["closed"]);
    for (let size = 0; size !== ends.size;) {
      size = ends.size;
      for (const { from, to } of steps) if (ends.has(to)) ends.add(from);
    }
    expect(leaves.map(({ path }) => path).filter((path) => !ends.has(path))).toEqual([]);
  });
});

/** What the actions amount to: the session's memory, as far as the order of replies is concerned. */
interface Memory {
  readonly opened: boolean;
  readonly open: boolean;
  readonly content: boolean;
}

function remembered(memory: Memory, { type }: Action): Memory {
  switch (type) {
    case "announceReady":
      expect(memory).toEqual({ opened: false, open: false, content: false });
      return { ...memory, opened: true };
    case "openTransaction":
      expect(memory).toEqual({ opened: true, open: false, content: false });
      return { ...memory, open: true };
    case "startContent":
      expect(memory).toMatchObject({ open: true, content: false });
      return { ...memory, content: true };
    case "refuseAll":
    case "recordRecipient":
    case "recordContentReply":
    case "awaitVerdicts":
    case "recordVerdict":
    case "recordChunk":
    case "contradictRefusal":
      expect(memory.open).toBe(true);
      return memory;
    case "refuseContent":
      expect(memory).toMatchObject({ open: true, content: true });
      return { ...memory, content: false };
    case "endTransaction":
      return { ...memory, open: false, content: false };
    default:
      return memory;
  }
}

describe("the client's chart, with facts that change at every step", () => {
  test("is nowhere in a state that its actions have not led to", () => {
    const taken = walkCompiled<ClientFacts, Memory>({
      machine: clientMachine,
      facts: allFacts,
      start: (actions) => actions.reduce(remembered, { opened: false, open: false, content: false }),
      follow(before, { from, to, actions }) {
        const memory = actions.reduce(remembered, before);
        const moment = `${from} → ${to}`;
        expect(memory.open, moment).toBe(isTransaction(to));
        expect(memory.content, moment).toBe(
          /sending(Content|Chunks)$|expecting(Content|Individual|Overall|Chunk)Reply$/.test(to),
        );
        if (to === "ready" || isTransaction(to) || to === "expectingAnswer") expect(memory.opened, moment).toBe(true);
        return memory;
      },
    });
    expect(taken.steps).toBeGreaterThan(20_000);
  });
});
