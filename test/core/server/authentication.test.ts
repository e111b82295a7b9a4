// A server session in a SASL exchange: what it needs computed and answered, in which order, and that nothing of it tells
// a user who exists from one who does not, or gets into a trace.

import type { Output, ServerEvent, ServerMechanism } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { executor } from "../../support/crypto.ts";
import { houseAnswer, isCredentialsDecision, iterations, secret } from "../../support/house.ts";
import { latin1, octetsOf } from "../../support/session-harness.ts";
import { accepting, approaches, newSession, say, type Options } from "./subjects.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const all = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
const salt = Uint8Array.from({ length: 16 }, (_, index) => index);

/** What a session did, but for what random and secret octets make of it: kinds, sizes and replies' codes. */
function deeds(options: Options, lines: readonly string[], users: readonly string[]): string[] {
  const session = newSession(options);
  const done: string[] = [];
  const execute = executor();
  const settle = () => {
    for (let output: Output<ServerEvent> = session.poll(); ; output = session.poll()) {
      if (output.kind === "idle") return;
      if (output.kind === "event") {
        const { event } = output;
        done.push(event.type);
        if (isCredentialsDecision(event)) {
          const passwords = Object.fromEntries(users.map((user) => [user, "pencil"]));
          const answer = houseAnswer(event, { passwords, salt, iterations });
          session.submit({ type: "answer", decision: event.decision, answer }, 0);
        } else if ("decision" in event && event.type !== "decisionExpired") {
          session.submit({ type: "accept", decision: event.decision }, 0);
        }
      } else if (output.effect.type === "compute") {
        const { operation, computation } = output.effect;
        const sizes = Object.values(operation).map((value) => (value instanceof Uint8Array ? value.length : value));
        done.push(`compute ${sizes.join(" ")}`);
        session.handle({ type: "computed", computation, result: execute(operation) }, 0);
      } else if (output.effect.type === "write") {
        const text = latin1(output.effect.bytes);
        done.push(text.startsWith("334") ? `334 of ${text.length}` : text);
      }
    }
  };
  settle();
  for (const line of [approaches.hello.lines.trimEnd(), ...lines]) {
    session.handle({ type: "received", bytes: octetsOf(`${line}\r\n`) }, 0);
    settle();
  }
  return done;
}

describe("a user who does not exist", () => {
  const options = {
    authentication: { allowInClear: true, mechanisms: [...all, "CRAM-MD5" as const], secret, iterations },
  };

  test.each(all)("server lets nobody tell from one who does, by %s", (mechanism) => {
    const users = fc.string({ unit: fc.constantFrom(..."abc=,é"), minLength: 1, maxLength: 8 });
    const nonces = fc.string({ unit: fc.constantFrom(..."xyz019"), minLength: 1, maxLength: 20 });
    const length = { "SCRAM-SHA-1": 20, "SCRAM-SHA-256": 32, "SCRAM-SHA-512": 64 }[mechanism];
    fc.assert(
      fc.property(users, nonces, fc.boolean(), (user, nonce, isWhole) => {
        const name = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
        const first = base64(`n,,n=${name},r=${nonce}`);
        const final = base64(`c=biws,r=${nonce},p=${isWhole ? Buffer.alloc(length).toString("base64") : "AAAA"}`);
        const lines = [`AUTH ${mechanism} ${first}`, final, "NOOP"];
        const unknown = deeds(options, lines, []);
        expect(deeds(options, lines, [user.normalize("NFKC")])).toEqual(unknown);
        expect(unknown).toContain("keysWanted");
        expect(unknown.join()).toContain(isWhole ? "535 5.7.8" : "501 5.5.2");
      }),
      { numRuns: 30 },
    );
  });

  test("server lets nobody tell from one who does, by CRAM-MD5", () => {
    const lines = ["AUTH CRAM-MD5", base64(`user ${"0".repeat(32)}`)];
    // The length of a key within one block of the hash makes no difference to the work.
    const work = (users: readonly string[]) =>
      deeds(options, lines, users).map((deed) => deed.replace(/MD5 \d+/, "MD5"));
    const unknown = work([]);
    expect(work(["user"])).toEqual(unknown);
    expect(unknown).toContain("secretWanted");
  });

  test("server gives the same salt at every try, and another to every user and hash", () => {
    const saltOf = (mechanism: string, user: string) => {
      const harness = accepting({ authentication: { allowInClear: true, mechanisms: all, secret, iterations } });
      say(harness, `${approaches.hello.lines}AUTH ${mechanism} ${base64(`n,,n=${user},r=x`)}\r\n`);
      const challenge = harness.output.split("\r\n").at(-2) ?? "";
      return /,s=([^,]*),i=4$/.exec(Buffer.from(challenge.slice(4), "base64").toString())?.[1];
    };
    const salts = [saltOf("SCRAM-SHA-1", "a"), saltOf("SCRAM-SHA-1", "b"), saltOf("SCRAM-SHA-256", "a")];
    expect(new Set(salts).size).toBe(3);
    expect(salts).not.toContain(undefined);
    expect(saltOf("SCRAM-SHA-1", "a")).toBe(salts[0]);
  });
});

/** A session in the midst of SCRAM, which waits for something to be computed. */
function computing(options: Options = {}) {
  const session = newSession({
    authentication: { allowInClear: true, mechanisms: ["SCRAM-SHA-256"], secret },
    ...options,
  });
  const effects: Extract<Output<ServerEvent>, { kind: "effect" }>["effect"][] = [];
  const events: ServerEvent[] = [];
  const settle = () => {
    for (let output = session.poll(); ; output = session.poll()) {
      if (output.kind === "idle") return output;
      if (output.kind === "effect") effects.push(output.effect);
      else {
        events.push(output.event);
        if (
          "decision" in output.event &&
          !isCredentialsDecision(output.event) &&
          output.event.type !== "decisionExpired"
        )
          session.submit({ type: "accept", decision: output.event.decision }, 0);
      }
    }
  };
  settle();
  const lines = `${approaches.hello.lines}AUTH SCRAM-SHA-256 ${base64("n,,n=user,r=x")}\r\nNOOP\r\n`;
  session.handle({ type: "received", bytes: octetsOf(lines) }, 0);
  settle();
  const said = () => latin1(...effects.flatMap((effect) => (effect.type === "write" ? [effect.bytes] : [])));
  return { session, effects, events, settle, said };
}

describe("a computation", () => {
  test("server asks for one after what it has written, and reads no more until it is done", () => {
    const { session, effects, settle } = computing();
    expect(session.state).toBe("authenticating.computing");
    expect(effects.map(({ type }) => type)).toEqual(["write", "write", "compute"].slice(-effects.length));
    expect(effects.at(-1)).toEqual({ type: "compute", computation: 1, operation: { type: "random", length: 24 } });
    expect(settle()).toMatchObject({ wants: "intent" });
  });

  test("server goes on with the result that bears its number, and with no other", () => {
    const { session, effects, settle } = computing();
    for (const computation of [0, 2, NaN, 1e9]) {
      session.handle({ type: "computed", computation, result: new Uint8Array(24) }, 0);
      settle();
    }
    expect(effects.filter(({ type }) => type === "compute")).toHaveLength(1);
    session.handle({ type: "computed", computation: 1, result: new Uint8Array(24) }, 0);
    settle();
    expect(effects.at(-1)).toMatchObject({ type: "compute", computation: 2, operation: { type: "hmac" } });
    session.handle({ type: "computed", computation: 1, result: new Uint8Array(24) }, 0);
    settle();
    expect(effects.filter(({ type }) => type === "compute")).toHaveLength(2);
  });

  test("server answers 454 where it cannot be had, and takes the next command", () => {
    const { session, settle, said } = computing();
    session.handle({ type: "computed", computation: 1 }, 0);
    settle();
    expect(said()).toContain("454 4.7.0 Authentication failed for now; try again later\r\n250 2.0.0 OK\r\n");
  });

  test("server answers 454 where it takes too long, and takes the result for nothing then", () => {
    const { session, settle, said } = computing({ timeouts: { decision: 1_000 } });
    session.handle({ type: "elapsed" }, 1_000);
    settle();
    expect(said()).toContain("454 4.7.0 Authentication failed for now; try again later\r\n250 2.0.0 OK\r\n");
    session.handle({ type: "computed", computation: 1, result: new Uint8Array(24) }, 1_000);
    expect(settle()).toMatchObject({ wants: "input" });
    expect(session.state).toBe("dialogue.idle.expectingMail");
  });

  test("server wants none any more once the client has gone", () => {
    const { session, events, settle } = computing();
    session.handle({ type: "broken" }, 0);
    session.handle({ type: "computed", computation: 1, result: new Uint8Array(24) }, 0);
    expect(settle()).toMatchObject({ wants: "nothing" });
    expect(events.at(-1)).toMatchObject({ type: "sessionClosed", reason: "disconnected" });
  });
});

describe("the trace of a SASL exchange", () => {
  test("server shows neither what the client says nor what SCRAM challenges it with", () => {
    const lines = [`AUTH SCRAM-SHA-256 ${base64("n,,n=user,r=xyzzyxyzzy")}`, base64("c=biws,r=xyzzyxyzzy,p=AAAA")];
    const house = { passwords: { user: "pencil" }, salt };
    const harness = accepting(
      { trace: true, authentication: { allowInClear: true, mechanisms: ["SCRAM-SHA-256"], secret } },
      house,
    );
    say(harness, approaches.hello.lines);
    for (const line of lines) say(harness, `${line}\r\n`);
    const traced = harness.events.flatMap((event) => (event.type === "lineTraced" ? [event.line] : []));
    expect(traced.slice(-4)).toEqual([
      "AUTH SCRAM-SHA-256 *",
      "334 *",
      "*",
      "501 5.5.2 The response does not fit the mechanism",
    ]);
  });
});

describe("mechanisms", () => {
  const own: ServerMechanism = {
    name: "X-OWN",
    clear: false,
    channelBound: false,
    start: () => {
      const end = { type: "verified", identity: { mechanism: "X-OWN", user: "me" } } as const;
      const garbled = { type: "garbled" } as const;
      return { step: () => end, computed: () => garbled, answered: () => garbled };
    },
  };

  test("server offers the application's own among those that it knows, in the order given", () => {
    const harness = accepting({
      authentication: { allowInClear: true, mechanisms: ["ANONYMOUS", own, "SCRAM-SHA-1"], secret },
    });
    say(harness, `${approaches.hello.lines}AUTH x-own\r\n`);
    expect(harness.output).toContain("AUTH ANONYMOUS X-OWN SCRAM-SHA-1\r\n235 ");
    expect(harness.events).toContainEqual({ type: "authenticated", identity: "me", mechanism: "X-OWN" });
  });

  test("server fails an exchange whose challenge fits in no line", () => {
    const start = () => ({
      ...own.start({}),
      step: () => ({ type: "challenged", challenge: new Uint8Array(9_211) }) as const,
    });
    const harness = accepting({ authentication: { allowInClear: true, mechanisms: [{ ...own, start }] } });
    say(harness, `${approaches.hello.lines}AUTH X-OWN\r\n`);
    expect(harness.output).toMatch(/\r\n454 4\.7\.0 .*\r\n$/);
  });

  test.each([
    [{ mechanisms: ["SCRAM-SHA-256"] }, "secret"],
    [{ mechanisms: ["SCRAM-SHA-256"], secret: new Uint8Array(31) }, "secret"],
    [{ mechanisms: ["PLAIN", "PLAIN"] }, "PLAIN"],
    [{ mechanisms: ["__proto__"] }, "__proto__"],
    [{ mechanisms: [{ ...own, name: "a mechanism" }] }, "a mechanism"],
    [{ mechanisms: [{ ...own, name: "PLAIN" }, "PLAIN"] }, "PLAIN"],
  ])("server refuses %j, naming what is wrong", (authentication, named) => {
    expect(() => newSession({ authentication } as never)).toThrow(named);
  });
});
