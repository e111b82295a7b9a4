// Every reachable state × event of the server's chart: nothing is remembered that must not be, every command gets one
// answer, and every state leaves by its timeout.

import { describe, expect, test } from "vitest";
import { initialServerFacts, type ServerFacts } from "../../packages/core/src/server/facts.ts";
import { serverMachine } from "../../packages/core/src/server/machine.ts";
import {
  fewCombinations,
  graphOf,
  leavesOf,
  stateNamesOf,
  walkCompiled,
  type Action,
  type Step,
} from "../support/chart-walk.ts";

const names = Object.keys(initialServerFacts) as (keyof ServerFacts)[];
const someFacts: readonly ServerFacts[] = fewCombinations(names);
const leaves = leavesOf(serverMachine);
const leafByPath = new Map(leaves.map((leaf) => [leaf.path, leaf]));

/** Every step of the graph, while the facts stay what they are. */
const steps: readonly Step<ServerFacts>[] = someFacts.flatMap((facts) => graphOf(serverMachine, facts));

const commands = [
  "HELO",
  "EHLO",
  "LHLO",
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "BURL",
  "RSET",
  "NOOP",
  "QUIT",
  "VRFY",
  "EXPN",
  "HELP",
  "STARTTLS",
  "AUTH",
  "extension",
  "XCLIENT",
  "XFORWARD",
];
const lines = [...commands, "unrecognised", "malformed"];

const count = (actions: readonly Action[], type: string) => actions.filter((action) => action.type === type).length;
const has = (actions: readonly Action[], type: string) => count(actions, type) > 0;
const isReply = ({ type }: Action) => type === "reply" || type === "replyToContent";
const replies = (actions: readonly Action[]) => actions.filter(isReply).length;
const replyOf = (actions: readonly Action[]) => actions.find(isReply)?.params?.["reply"];
const reads = (path: string) => leafByPath.get(path)?.meta["reads"];
/** Before a proxy has said who the client is, and before TLS where that comes first, nothing can be said. */
const silent: ReadonlySet<string> = new Set(["expectingProxyHeader", "securingFirst"]);
const isIdle = (path: string) => path.startsWith("dialogue.idle.");
const isTransaction = (path: string) => path.startsWith("dialogue.transaction.");
/** What answers a line or a decision, now or once the octets behind BDAT have come. */
const answers = ({ actions }: Step) =>
  replies(actions) +
  ["ask", "stepMechanism", "refuseChunk", "startChunk", "addReference"].reduce(
    (sum, type) => sum + count(actions, type),
    0,
  );
const decides = (path: string) => path.includes("deciding");
const asks = (path: string) => decides(path) || path.endsWith("answeringMechanism");

/** Each step as the subject of an assertion, so that a failure names it. */
function expectAll(subject: readonly Step<ServerFacts>[], holds: (step: Step<ServerFacts>) => boolean): void {
  expect(subject.length).toBeGreaterThan(0);
  expect(subject.filter((step) => !holds(step)).slice(0, 3)).toEqual([]);
}

describe("the server's chart, as documentation", () => {
  test("says of every state but the last what is awaited, in which RFC, and for how long", () => {
    for (const { path, description, meta, final } of leaves) {
      expect(description, path).toMatch(/^[A-Z].*\.$/s);
      expect(meta["rfc"], path).toMatch(/^(RFC \d{4}|PROXY protocol) §/);
      const timeouts = ["command", "content", "decision", "message", "tls", "proxy", "greetPause"];
      if (!final) expect(timeouts, path).toContain(meta["timeout"]);
    }
  });

  test("names every state for what is awaited or for what it is within", () => {
    const around = ["dialogue", "idle", "transaction", "aside", "authenticating"];
    for (const name of stateNamesOf(serverMachine).filter((state) => !around.includes(state))) {
      expect(name).toMatch(
        /^(expecting|deciding|receiving|discarding)[A-Z][A-Za-z]+$|^(connecting|securingFirst|stepping|computing|answeringMechanism|securing|closed)$/,
      );
    }
  });

  test("has a reader where the client is awaited, and none where the application is", () => {
    for (const { path, meta, final } of leaves) {
      const awaitsClient = /\.?(expecting|receiving|discarding)[A-Z]\w*$/.test(path);
      expect(meta["reads"] !== undefined, path).toBe(awaitsClient && !final);
    }
  });

  test("has no state that cannot be reached", () => {
    const reached = new Set(steps.flatMap(({ from, to }) => [from, to]));
    expect(leaves.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("the server's chart, step by step", () => {
  test("answers an event with one reply at most", () => {
    expectAll(steps, ({ actions }) => replies(actions) <= 1);
  });

  test("answers every line where a command is awaited with one reply, one question, one chunk or one step of SASL", () => {
    const commandSteps = steps.filter(({ from, event }) => reads(from) === "command" && lines.includes(event));
    expectAll(commandSteps, (step) => answers(step) === 1);
  });

  test("answers every decision with one reply", () => {
    const decided = steps.filter(({ from, event }) => decides(from) && (event === "accept" || event === "reject"));
    expectAll(decided, (step) => answers(step) === 1 && step.from !== step.to);
  });

  test("reads the octets behind every BDAT, wherever it comes, before it answers", () => {
    const chunk = steps.filter(({ from, event }) => event === "BDAT" && reads(from) === "command");
    expectAll(chunk, ({ to, actions }) => {
      if (to.endsWith("decidingChunks")) return has(actions, "ask");
      return reads(to) === "discarded"
        ? has(actions, "refuseChunk")
        : reads(to) === "chunk" && has(actions, "startChunk");
    });
    const decided = steps.filter(({ from, to }) => from.endsWith("decidingChunks") && to !== from && to !== "closed");
    expectAll(decided, ({ event, to }) => reads(to) === (event === "accept" ? "chunk" : "discarded"));
    expectAll(
      steps.filter(({ from, to }) => reads(from) === "discarded" && to !== from && to !== "closed"),
      ({ event, actions }) => event === "chunkDiscarded" && replies(actions) === 1,
    );
  });

  test("goes back to where it was from a chunk that it did not take", () => {
    walkCompiled<ServerFacts, string>({
      machine: serverMachine,
      facts: "any",
      start: () => "",
      follow(before, { from, event, to }) {
        const isBack = from === "aside.discardingChunk" && event === "chunkDiscarded";
        if (isBack) expect(to).toBe(before);
        return from.startsWith("dialogue.") && !to.startsWith("dialogue.") ? from : before;
      },
    });
  });

  test("asks on arriving where a decision is awaited, and nowhere else", () => {
    expectAll(steps, ({ from, to, actions }) => has(actions, "ask") === (from !== to && asks(to)));
  });

  test("stays where it is at a line that is no command", () => {
    const wrong = steps.filter(
      ({ event, from }) => reads(from) === "command" && (event === "unrecognised" || event === "malformed"),
    );
    expectAll(wrong, ({ from, to }) => from === to);
  });

  test("takes no command while anything else is awaited", () => {
    const deaf = steps.filter(({ from, event }) => reads(from) !== "command" && lines.includes(event));
    expectAll(deaf, ({ from, to, actions }) => from === to && actions.length === 0);
  });

  test("forgets the transaction whenever it arrives where none is open, and when it closes", () => {
    const arriving = steps.filter(
      ({ from, to }) => (isIdle(to) && !isIdle(from)) || (to === "closed" && from !== "closed"),
    );
    expectAll(arriving, ({ actions }) => count(actions, "forgetTransaction") === 1);
  });

  test("opens a transaction by an accepted MAIL alone", () => {
    const arriving = steps.filter(
      ({ from, to }) => isTransaction(to) && !isTransaction(from) && !from.startsWith("aside."),
    );
    expectAll(arriving, ({ from, event, actions }) => {
      return from === "dialogue.idle.decidingMail" && event === "accept" && has(actions, "openTransaction");
    });
    expectAll(
      steps.filter(({ actions }) => has(actions, "openTransaction")),
      ({ to }) => isTransaction(to),
    );
  });

  test("takes content after an accepted DATA alone, and DATA after an accepted recipient alone", () => {
    const isContent = (path: string) =>
      /(receivingContent|receivingChunk|expectingChunk|decidingReference)$/.test(path);
    const beforehand: Readonly<Record<string, string>> = {
      receivingContent: "decidingData",
      receivingChunk: "decidingChunks",
      decidingReference: "decidingReferences",
    };
    expectAll(
      steps.filter(({ from, to }) => isContent(to) && !isContent(from) && !from.startsWith("aside.")),
      ({ from, to, event, actions }) =>
        from.endsWith(beforehand[to.split(".").at(-1) ?? ""] ?? to) &&
        event === "accept" &&
        has(actions, "startContent"),
    );
    expectAll(
      steps.filter(({ from, to }) => /deciding(Data|Chunks|References)$/.test(to) && from !== to),
      ({ from }) => from === "dialogue.transaction.expectingRecipientOrData",
    );
    expectAll(
      steps.filter(
        ({ from, event, facts }) => event === "DATA" && isTransaction(from) && (facts.binaryContent || isContent(from)),
      ),
      ({ from, to }) => from === to,
    );
    expectAll(
      steps.filter(({ from, to }) => to.endsWith("expectingRecipientOrData") && from.endsWith("FirstRecipient")),
      ({ from, event, actions }) =>
        from.endsWith("decidingFirstRecipient") && event === "accept" && has(actions, "addRecipient"),
    );
  });

  test("after startTls only secures, and then only starts over", () => {
    expectAll(
      steps.filter(({ actions }) => has(actions, "startTls")),
      ({ to, actions }) => {
        return to === "securing" && replyOf(actions) === "readyForTls" && actions.at(-1)?.type === "startTls";
      },
    );
    expectAll(
      steps.filter(({ from, to }) => to === "securing" && from !== to),
      ({ actions }) => has(actions, "startTls"),
    );
    const leaving = steps.filter(({ from, to }) => from === "securing" && to !== from);
    expectAll(leaving, ({ event, to, actions }) => {
      return event === "secured"
        ? to === "dialogue.idle.expectingHello" && has(actions, "startOver")
        : to === "closed" && replies(actions) === 0;
    });
    expectAll(
      steps.filter(({ actions }) => has(actions, "startOver")),
      ({ from }) => from === "securing" || from === "securingFirst",
    );
  });

  test("says nothing before a PROXY header, nor before TLS that comes first, and then begins as ever", () => {
    const first = ({ from, to }: Step) => silent.has(from) && to !== from;
    expectAll(steps.filter(first), ({ event, to, actions, facts }) => {
      if (to === "closed") return replies(actions) === 0;
      if (to === "securingFirst") return event === "proxied" && facts.tlsFirst && has(actions, "startTlsFirst");
      return to === "connecting" && (event === "secured" ? has(actions, "startOver") : !facts.tlsFirst);
    });
    expectAll(
      steps.filter(({ from, to }) => silent.has(to) && !silent.has(from)),
      ({ from, event, facts }) => from === "connecting" && event === "connected" && facts.proxied,
    );
    expectAll(
      steps.filter(({ from, event }) => from === "connecting" && event === "connected"),
      ({ to, facts }) => (to === "expectingProxyHeader") === facts.proxied,
    );
  });

  test("forgets the SASL exchange whenever it leaves it", () => {
    const within = (path: string) => path.startsWith("authenticating.");
    expectAll(
      steps.filter(({ from, to }) => within(from) && !within(to)),
      ({ actions }) => has(actions, "forgetMechanism"),
    );
    expectAll(
      steps.filter(({ actions }) => has(actions, "rememberIdentity")),
      ({ from, event }) => {
        return from.endsWith("decidingAuthentication") ? event === "accept" : event === "verified";
      },
    );
    expectAll(
      steps.filter(({ from, event }) => within(from) && event === "verified" && from.endsWith("stepping")),
      ({ actions }) => has(actions, "rememberIdentity") && replyOf(actions) === "authenticated",
    );
  });

  test("goes on with a SASL exchange by what it waits for alone, and ends it with one reply", () => {
    const within = (path: string) => path.startsWith("authenticating.");
    const awaited: Readonly<Record<string, string>> = {
      "authenticating.expectingResponse": "responded",
      "authenticating.computing": "computed",
      "authenticating.answeringMechanism": "answer",
    };
    expectAll(
      steps.filter(({ to, from }) => to === "authenticating.stepping" && from !== to && within(from)),
      ({ from, event, actions }) => event === awaited[from] && has(actions, "stepMechanism"),
    );
    expectAll(
      steps.filter(({ from, to }) => within(from) && !within(to) && to !== "closed"),
      ({ to, actions }) => to === "dialogue.idle.expectingMail" && count(actions, "reply") === 1,
    );
  });

  test("leaves every state when its time is over, with a reply where one can be given", () => {
    expectAll(
      steps.filter(({ event, from }) => event === "elapsed" && from !== "closed"),
      ({ from, to, actions }) => {
        if (from === "securing" || silent.has(from)) return to === "closed" && replies(actions) === 0;
        if (from === "expectingSilence") return to === "decidingConnection";
        if (to === "closed") return replyOf(actions) === "timeout";
        return (
          (asks(from) || /\.(stepping|computing)$/.test(from)) &&
          from !== to &&
          replies(actions) + count(actions, "refuseChunk") === 1
        );
      },
    );
  });

  test("closes by the ends that a connection can have, whatever is going on", () => {
    const ending = steps.filter(
      ({ event, from }) => ["ended", "violated", "dismiss", "expired"].includes(event) && from !== "closed",
    );
    expectAll(ending, ({ to, actions }) => to === "closed" && has(actions, "close"));
    expectAll(
      ending.filter(({ event }) => event === "ended"),
      ({ actions }) => replies(actions) === 0,
    );
  });

  test("answers content, and nothing else, once for each recipient where the dialogue is such", () => {
    const answered = ({ from, to, event }: Step) =>
      (isTransaction(from) && isIdle(to) && ["contentEnded", "chunkEnded", "chunkDiscarded"].includes(event)) ||
      from.endsWith("decidingMessage") ||
      /decidingReferences?$/.test(from);
    const ends = ({ event }: Step) => ["ended", "violated", "dismiss", "expired"].includes(event);
    expectAll(
      steps.filter(({ actions }) => replies(actions) > 0),
      (step) => has(step.actions, "replyToContent") === (answered(step) && !ends(step)),
    );
  });

  test("closes for a shutdown wherever a command is awaited outside a transaction, and nowhere else", () => {
    const waiting: readonly unknown[] = ["command", "proxy", "silence"];
    const between = ({ from }: Step) => waiting.includes(reads(from)) && !isTransaction(from);
    expectAll(
      steps.filter(({ event }) => event === "shutDown"),
      (step) => (step.to === "closed") === (between(step) || step.from === "closed"),
    );
  });

  test("can get from every state to the end", () => {
    const ends = new Set(["closed"]);
    for (let size = 0; size !== ends.size;) {
      size = ends.size;
      for (const { from, to } of steps) if (ends.has(to)) ends.add(from);
    }
    expect(leaves.map(({ path }) => path).filter((path) => !ends.has(path))).toEqual([]);
  });

  test("asks about mail and credentials only where the facts allow them", () => {
    const arriving = (state: string) => steps.filter(({ from, to }) => to.endsWith(state) && from !== to);
    expectAll(arriving("decidingMail"), ({ facts }) => !facts.tlsMissing && !facts.authMissing);
    expectAll(arriving("decidingStartTls"), ({ facts }) => facts.tlsOffered);
    expectAll(
      steps.filter(({ event, to }) => event === "AUTH" && to.startsWith("authenticating.")),
      ({ facts }) => facts.authOffered && !facts.authenticated && !facts.authNeedsTls,
    );
    expectAll(arriving("decidingHello"), ({ event, facts }) => (event === "LHLO") === facts.lmtp);
    expectAll(arriving("decidingMessage"), ({ facts }) => !facts.contentRefused);
    expectAll(
      steps.filter(({ event, from }) => event === "VRFY" && reads(from) === "command" && !from.includes("Quit")),
      (step) => {
        return step.facts.tlsMissing ? replyOf(step.actions) === "tlsRequired" : step.to.endsWith("decidingVerify");
      },
    );
  });
});

/** What the actions amount to: the session's memory, as far as the order of commands is concerned. */
interface Memory {
  readonly hello: boolean;
  readonly open: boolean;
  readonly accepted: boolean;
  /** Where the dialogue was interrupted. */
  readonly interrupted: string;
}

const blank: Memory = { hello: false, open: false, accepted: false, interrupted: "" };

function remembered(memory: Memory, { type }: Action): Memory {
  switch (type) {
    case "rememberHello":
      return { ...memory, hello: true };
    case "startOver":
    case "assumeClient":
      return { ...memory, hello: false };
    case "openTransaction":
      expect(memory).toMatchObject({ hello: true, open: false });
      return { ...memory, open: true, accepted: false };
    case "addRecipient":
      expect(memory.open).toBe(true);
      return { ...memory, accepted: true };
    case "startContent":
      expect(memory).toMatchObject({ open: true, accepted: true });
      return memory;
    case "forgetTransaction":
      return { ...memory, open: false, accepted: false };
    default:
      return memory;
  }
}

describe("the server's chart, for commands of extensions", () => {
  const asked = ({ from, to }: Step) => to === "aside.decidingCommand" && from !== to;

  test("asks the application where the verb may come, and goes on where it was", () => {
    const given = steps.filter(
      ({ event, from }) => event === "extension" && leafByPath.get(from)?.meta["phase"] !== undefined,
    );
    expectAll(given, (step) => {
      if (step.facts.tlsMissing) return replyOf(step.actions) === "tlsRequired";
      return step.facts.verbAllowed ? asked(step) : replyOf(step.actions) === "outOfOrder" && step.from === step.to;
    });
    expectAll(steps.filter(asked), ({ event, facts }) => event === "extension" && facts.verbAllowed);
  });

  test("names a phase wherever a command before the content is awaited", () => {
    const phases = leaves
      .filter(({ meta }) => meta["phase"] !== undefined)
      .map(({ path, meta }) => [path, meta["phase"]]);
    expect(Object.fromEntries(phases)).toEqual({
      "dialogue.idle.expectingHello": "beforeHello",
      "dialogue.idle.expectingMail": "betweenTransactions",
      "dialogue.transaction.expectingFirstRecipient": "inTransaction",
      "dialogue.transaction.expectingRecipientOrData": "inTransaction",
    });
  });
});

describe("the server's chart, for trusted clients", () => {
  test("takes another client outside of a transaction alone, and then asks whether to serve it", () => {
    const given = steps.filter(({ event, from }) => event === "XCLIENT" && reads(from) === "command");
    expectAll(given, ({ from, to, facts, actions }) => {
      const taken = from.startsWith("dialogue.idle.") && !facts.tlsMissing;
      if (taken !== has(actions, "assumeClient")) return false;
      return taken ? to === "decidingConnection" && has(actions, "ask") : from === to && replies(actions) === 1;
    });
    expectAll(
      steps.filter(({ actions }) => has(actions, "assumeClient")),
      ({ event }) => event === "XCLIENT",
    );
  });

  test("remembers what is forwarded between transactions, and forgets it by RSET and EHLO", () => {
    const remembered = steps.filter(({ actions }) => has(actions, "rememberForwarded"));
    expectAll(remembered, ({ event, from }) => event === "XFORWARD" && from === "dialogue.idle.expectingMail");
    const forgotten = steps.filter(
      ({ from, event }) => /Reset|Hello$/.test(from) && from.startsWith("aside.") && event === "accept",
    );
    expectAll(forgotten, ({ actions }) => has(actions, "forgetForwarded"));
  });
});

describe("the server's chart, with facts that change at every step", () => {
  test("is nowhere in a state that its actions have not led to", () => {
    const taken = walkCompiled<ServerFacts, Memory>({
      machine: serverMachine,
      facts: "any",
      start: (actions) => actions.reduce(remembered, blank),
      follow(before, { from, to, actions }) {
        const interrupted = from.startsWith("dialogue.") && !to.startsWith("dialogue.") ? from : before.interrupted;
        const memory = { ...actions.reduce(remembered, before), interrupted };
        const moment = `${from} → ${to}`;
        const isHere = to.startsWith("dialogue.") ? to : to.startsWith("aside.") ? interrupted : undefined;
        if (isHere === undefined) return memory;
        expect(memory.open, moment).toBe(isTransaction(isHere));
        expect(memory.accepted, moment).toBe(isTransaction(isHere) && !isHere.endsWith("FirstRecipient"));
        expect(memory.hello, moment).toBe(!isHere.endsWith("expectingHello"));
        return memory;
      },
    });
    expect(taken.steps).toBeGreaterThan(1_000);
  });

  test("goes on after an interruption where it was, or where no transaction is open", () => {
    walkCompiled<ServerFacts, string>({
      machine: serverMachine,
      facts: "any",
      start: () => "",
      follow(interrupted, { from, to }) {
        if (from.startsWith("aside.") && to.startsWith("dialogue."))
          expect([interrupted, "dialogue.idle.expectingMail"]).toContain(to);
        return from.startsWith("dialogue.") && !to.startsWith("dialogue.") ? from : interrupted;
      },
    });
  });
});
