// Extensions of an application's own: which names they may have, and what their parsers may do.

import {
  defineExtension,
  dsn,
  esmtpParameter,
  InvalidValueError,
  parameter,
  reply,
  serverMachine,
  serverProfile,
  type Extension,
  type ExtensionDefinition,
} from "@carteiro/core";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { takenKeywords, takenParameters, takenVerbs } from "../../../packages/core/src/extensions/taken-names.ts";
import { folder, retain, storage } from "../../examples/storage-extension.ts";
import { eventsOf } from "../../support/chart-walk.ts";
import { announced, codes, readMail, securedOffer } from "../../support/extensions.ts";
import { accepting, say } from "../server/subjects.ts";

const anything = { parse: (value: string | undefined) => value, format: (value: string) => value };
const verb = { phases: ["betweenTransactions"], read: (argument: string) => ({ value: argument }) } as const;

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

  test("that throws is refused with 451, and disturbs nothing", () => {
    const angry = parameter<string>({
      keyword: "XANGRY",
      parse() {
        throw new Error("bug");
      },
      format: () => "x",
    });
    const extension = defineExtension({ keyword: "XANGER", mail: [angry] });
    expect(readMail(extension, "XANGRY", "x")).toBe("451 4.3.0");
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
  ])("answer 451 where reading a verb %s", (_, read) => {
    const extension = defineExtension({ keyword: "XOWN", verbs: { XDO: { phases: ["betweenTransactions"], read } } });
    const harness = accepting({ extensions: [extension] });
    say(harness, "EHLO client.example\r\nXDO it\r\nNOOP\r\n");
    expect(
      harness.output
        .split("\r\n")
        .slice(-3, -1)
        .map((line) => line.slice(0, 3)),
    ).toEqual(["451", "250"]);
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
