// Extensions of an application's own: which names they may have, and what their parsers may do.

import {
  defineExtension,
  dsn,
  esmtpParameter,
  InvalidValueError,
  parameter,
  reply,
  serverProfile,
  type Extension,
  type ExtensionDefinition,
  type Reply,
} from "@carteiro/core";
import { serverMachine } from "@carteiro/core/machines";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { takenKeywords, takenParameters, takenVerbs } from "../../../packages/core/src/extensions/taken-names.ts";
import { folder, retain, storage } from "../../examples/storage-extension.ts";
import { eventsOf } from "../../support/chart-walk.ts";
import { announced, codes, readMail, securedOffer } from "../../support/extensions.ts";
import { accepting, say, type ServerHarness } from "../server/subjects.ts";

const anything = { parse: (value: string | undefined) => value, format: (value: string) => value };
const bug = () => {
  throw new Error("bug");
};
const verb = { phases: ["betweenTransactions"], read: (argument: string) => ({ value: argument }) } as const;

function lastCodes({ output }: ServerHarness, count: number): string[] {
  const ends = output.split("\r\n").filter((line) => line[3] === " ");
  return ends.slice(-count).map((line) => line.slice(0, 3));
}

function failures({ events }: ServerHarness): { readonly part: string; readonly problem: string }[] {
  return events.flatMap((event) =>
    event.type === "extensionFailed" ? [{ part: event.part, problem: event.problem }] : [],
  );
}

describe("a parameter", () => {
  test("reads back whatever it writes", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => /^[\x01-\x7e]+$/.test(text)),
        (text) => {
          expect(folder.of({ raw: [folder.with(text)] })).toBe(text);
        },
      ),
    );
    expect(retain.of({ raw: [retain.with(30)] })).toBe(30);
    expect(retain.of({ raw: [folder.with("a")] })).toBeUndefined();
  });

  test("is not made of a value that would not be read back", () => {
    expect(() => retain.with(0)).toThrow(InvalidValueError);
    expect(() => retain.with(Number.NaN)).toThrow(InvalidValueError);
    expect(() => parameter({ keyword: "XRAW", ...anything }).with("a b\r\nRSET")).toThrow(InvalidValueError);
  });

  test("has a keyword in upper case that nobody else has", () => {
    expect(parameter({ keyword: "x-Shelf", ...anything }).keyword).toBe("X-SHELF");
    for (const keyword of ["", "-x", "x y", "x=", "é", "x\r\n", "ſize", ...takenParameters]) {
      expect(() => parameter({ keyword, ...anything }), keyword).toThrow(InvalidValueError);
    }
  });

  test("that throws is refused with 451, and told, and disturbs nothing", () => {
    const angry = parameter<string>({
      keyword: "XANGRY",
      parse() {
        throw new Error("bug");
      },
      format: () => "x",
    });
    const extension = defineExtension({ keyword: "XANGER", mail: [angry] });
    const harness = accepting({ extensions: [extension] });
    say(harness, "EHLO client.example\r\nMAIL FROM:<> XANGRY=x\r\nNOOP\r\n");
    expect(lastCodes(harness, 2)).toEqual(["451", "250"]);
    expect(failures(harness)).toEqual([{ part: "parameter XANGRY", problem: "bug" }]);
  });
});

describe("a definition", () => {
  const define = (definition: Partial<ExtensionDefinition>): Extension =>
    defineExtension({ keyword: "XOWN", ...definition });

  test("has names that are well-formed, and that nobody else has", () => {
    for (const keyword of ["", "X OWN", "X=", "X\r\n250 AUTH", ...takenKeywords]) {
      expect(() => define({ keyword }), keyword).toThrow(InvalidValueError);
    }
    for (const name of ["", "X Y", "X\n", "X".repeat(21), "get", ...takenVerbs]) {
      expect(() => define({ verbs: { [name]: verb } }), name).toThrow(InvalidValueError);
    }
    for (const word of ["", "a b", "a\r\n", "é"]) {
      expect(() => define({ keywordParameters: [word] }), word).toThrow(InvalidValueError);
    }
  });

  test("has each name once", () => {
    expect(() => define({ mail: [retain, retain] })).toThrow(InvalidValueError);
    expect(() => define({ verbs: { XDO: verb, xdo: verb } })).toThrow(InvalidValueError);
    expect(Object.keys(define({ mail: [retain], recipient: [retain] }).mailParameters ?? {})).toEqual(["XRETAIN"]);
  });

  test("is offered where it says so, and is not known elsewhere", () => {
    const extension = define({ mail: [retain], verbs: { XDO: verb }, available: ({ secured }) => secured });
    const clear = { ...securedOffer, secured: false };
    expect(announced(extension, "XOWN")).toEqual([]);
    expect(announced(extension, "XOWN", clear)).toBeUndefined();
    expect(readMail(extension, "XRETAIN", "7")).toEqual({});
    expect(readMail(extension, "XRETAIN", "7", clear)).toBe("555 5.5.4");
    expect(extension.verbs?.["XDO"]?.read("it", securedOffer)).toEqual({ value: "it" });
    const outcome = extension.verbs?.["XDO"]?.read("it", clear);
    expect(outcome !== undefined && "refused" in outcome && codes(outcome.refused)).toBe("500 5.5.1");
  });
});

describe("a server's extensions", () => {
  const profile = (...extensions: readonly Extension[]) => serverProfile({ hostname: "mx.example.org", extensions });

  test("have no two names in common", () => {
    const other = (definition: Partial<ExtensionDefinition>) => defineExtension({ keyword: "XOTHER", ...definition });
    expect(() => profile(dsn, dsn)).toThrow(InvalidValueError);
    expect(() => profile(storage, storage)).toThrow(InvalidValueError);
    expect(() => profile(storage, other({ mail: [retain] }))).toThrow(/^extensions: parameter XRETAIN of MAIL/);
    expect(() => profile(storage, other({ verbs: { XQUOTA: verb } }))).toThrow(/^extensions: verb XQUOTA/);
    expect(() => profile(storage, other({ recipient: [retain] }))).not.toThrow();
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("bug");
      },
    ],
    ["refuses with a reply that is no refusal", () => ({ refused: reply(250, "2.0.0", "OK") })],
    ["refuses with what is no reply", () => ({ refused: 5 as unknown as Reply })],
    ["says nothing", () => undefined as never],
    ["says neither", () => ({}) as never],
    ["says a number", () => 5 as never],
    ["promises", () => Promise.resolve({ value: 1 }) as never],
  ])("answer 451 where reading a verb %s", (_, read) => {
    const extension = defineExtension({ keyword: "XOWN", verbs: { XDO: { phases: ["betweenTransactions"], read } } });
    const harness = accepting({ extensions: [extension] });
    say(harness, "EHLO client.example\r\nXDO it\r\nNOOP\r\n");
    expect(lastCodes(harness, 2)).toEqual(["451", "250"]);
    expect(failures(harness)).toEqual([{ part: "verb XDO", problem: expect.any(String) }]);
  });

  test.each([
    ["available throws", { available: bug }],
    ["available promises", { available: () => Promise.resolve(true) as unknown as boolean }],
  ])("answer 451 to EHLO where %s, and take HELO", (_, given) => {
    const harness = accepting({ extensions: [defineExtension({ keyword: "XOWN", ...given })] });
    say(harness, "EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<>\r\n");
    expect(lastCodes(harness, 3)).toEqual(["451", "250", "250"]);
    expect(failures(harness)).toEqual([{ part: "keyword XOWN", problem: expect.any(String) }]);
  });

  test.each([
    ["announces what cannot be said", { announce: () => "XOWN\r\n250 AUTH" }, "EHLO client.example"],
    ["announces what is no text", { announce: () => 5 as unknown as string }, "EHLO client.example"],
    ["has a reader that throws", { mailParameters: { XP: bug } }, "MAIL FROM:<> XP"],
    ["has a reader that says nothing", { mailParameters: { XP: () => ({}) as never } }, "MAIL FROM:<> XP"],
    ["has a check that throws", { checkMail: bug }, "MAIL FROM:<> SIZE=1"],
    ["has a check whose refusal is none", { checkMail: () => 5 as never }, "MAIL FROM:<> SIZE=1"],
  ])("answer 451 where one made by hand %s", (_, given, command) => {
    const harness = accepting({ extensions: [{ keyword: "XOWN", announce: () => "XOWN", ...given }] });
    say(harness, `${command.startsWith("EHLO") ? "" : "EHLO client.example\r\n"}${command}\r\nNOOP\r\n`);
    expect(lastCodes(harness, 2)).toEqual(["451", "250"]);
    expect(failures(harness)).toHaveLength(1);
  });

  test("end the session where reading a verb refuses with 421", () => {
    const read = () => ({ refused: reply(421, "4.7.0", "Enough") });
    const verbs = { XDO: { phases: ["betweenTransactions"], read } as const };
    const harness = accepting({ extensions: [defineExtension({ keyword: "XOWN", verbs })] });
    say(harness, "EHLO client.example\r\nXDO it\r\nNOOP\r\n");
    expect(lastCodes(harness, 1)).toEqual(["421"]);
    expect(harness.events.at(-1)).toMatchObject({ type: "sessionClosed", reason: "dismissed", reply: { code: 421 } });
  });

  test("are refused when the server is made where they are made wrongly", () => {
    const own = { keyword: "XOWN", announce: () => "XOWN" };
    const read = () => ({ value: 1 });
    const wrong: readonly unknown[] = [
      {},
      { keyword: "XOWN" },
      { ...own, mailParameters: { XP: 1 } },
      { ...own, recipientParameters: { XP: null } },
      { ...own, checkMail: 1 },
      { ...own, verbs: { XDO: undefined } },
      { ...own, verbs: { XDO: { read } } },
      { ...own, verbs: { XDO: { read, phases: [] } } },
      { ...own, verbs: { XDO: { read, phases: ["afterwards"] } } },
      { ...own, verbs: { XDO: { phases: ["beforeHello"] } } },
    ];
    for (const extension of wrong) {
      expect(() => profile(extension as Extension), JSON.stringify(extension)).toThrow(InvalidValueError);
    }
    for (const own of [{ read }, { read, phases: ["x"] }, { phases: ["beforeHello"] }, null]) {
      const verbs = { XDO: own } as unknown as NonNullable<ExtensionDefinition["verbs"]>;
      expect(() => defineExtension({ keyword: "XOWN", verbs }), JSON.stringify(own)).toThrow(InvalidValueError);
    }
  });
});

describe("names that are taken", () => {
  test("are all keywords, parameters and verbs that there are", async () => {
    const folderOf = join(import.meta.dirname, "../../../packages/core/src/extensions");
    const keywords = new Set<string>();
    const parameters = new Set<string>();
    const verbs = new Set(eventsOf(serverMachine).filter((event) => /^[A-Z]+$/.test(event)));
    const given: Readonly<Record<string, unknown>> = { futureRelease: { interval: 1, until: 0 }, limits: {} };
    for (const file of readdirSync(folderOf)) {
      const module = (await import(join(folderOf, file))) as Record<string, unknown>;
      for (const [name, exported] of Object.entries(module)) {
        const extension = (
          isMaker(name, file) ? (exported as (given: unknown) => unknown)(given[name]) : exported
        ) as Extension;
        if (typeof extension?.announce !== "function") continue;
        keywords.add(extension.keyword);
        for (const keyword of Object.keys({ ...extension.mailParameters, ...extension.recipientParameters }))
          parameters.add(keyword);
        for (const own of Object.keys(extension.verbs ?? {})) verbs.add(own);
      }
    }
    expect(Array.from(keywords).toSorted()).toEqual(Array.from(takenKeywords).toSorted());
    expect(Array.from(parameters).toSorted()).toEqual(Array.from(takenParameters).toSorted());
    expect(Array.from(verbs).filter((name) => !takenVerbs.has(name))).toEqual([]);
  });

  /** `deliver-by.ts` exports `deliverBy`, which may be a function that makes the extension. */
  function isMaker(name: string, file: string): boolean {
    const makers = ["burl.ts", "deliver-by.ts", "future-release.ts", "limits.ts", "mt-priority.ts", "no-soliciting.ts"];
    return makers.includes(file) && `${name.toLowerCase()}.ts` === file.replaceAll("-", "");
  }

  test("are refused as parameters whatever their case", () => {
    expect(() => parameter({ keyword: "Size", ...anything })).toThrow(InvalidValueError);
    expect(esmtpParameter("SIZE", "1").keyword).toBe("SIZE");
  });
});
