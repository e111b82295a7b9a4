// Holds the linter and the compiler to their word: each rule about who may import whom, and about what the pure core may
// not touch, is broken once on purpose in a temporary tree that has the workspace's own settings.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** Files by their folder under packages, and the imports that must be reported in one of them. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  "core/src/any.ts": ["xstate", "node:fs", "@carteiro/driver", "../../driver/src/clock.ts"],
  "core/src/grammar/any.ts": [
    "../framing/x.ts",
    "../engine/x.ts",
    "../session.ts",
    "../index.ts",
    "xstate",
    "node:buffer",
  ],
  "core/src/framing/any.ts": ["../engine/x.ts", "../server/x.ts", "../sasl/x.ts", "../session.ts", "xstate"],
  "core/src/extensions/any.ts": ["../framing/x.ts", "../sasl/x.ts", "../server/x.ts", "../session.ts", "xstate"],
  "core/src/sasl/any.ts": ["../framing/x.ts", "../extensions/x.ts", "../client/x.ts", "xstate", "node:crypto"],
  "core/src/engine/any.ts": [
    "../grammar/x.ts",
    "../server/machine.ts",
    "../session.ts",
    "../framing/x.ts",
    "fast-check",
  ],
  "core/src/server/any.ts": ["../client/session.ts", "../client/machine.ts", "../index.ts", "xstate", "@carteiro/core"],
  "core/src/client/any.ts": ["../server/session.ts", "../server/machine.ts", "../index.ts", "xstate", "@carteiro/core"],
  "core/src/server/machine.ts": ["../engine/compile.ts", "../grammar/x.ts", "../client/messages.ts", "node:fs"],
  "core/src/client/machine.ts": ["../engine/compile.ts", "../grammar/x.ts", "../server/messages.ts", "node:fs"],
  "core/src/server/messages.ts": [
    "./machine.ts",
    "./session.ts",
    "../engine/runner.ts",
    "../client/messages.ts",
    "xstate",
  ],
  "core/src/client/messages.ts": [
    "./machine.ts",
    "./session.ts",
    "../engine/runner.ts",
    "../server/messages.ts",
    "xstate",
  ],
  "driver/src/any.ts": [
    "@carteiro/core/src/session.ts",
    "../../core/src/session.ts",
    "@carteiro/node",
    "node:net",
    "xstate",
  ],
  "driver/src/drive.ts": ["@carteiro/core#ServerSession", "@carteiro/core#parseReply", "./server.ts", "node:timers"],
  "memory/src/any.ts": ["@carteiro/driver/src/drive.ts", "../../driver/src/drive.ts", "@carteiro/node", "node:stream"],
  "testing/src/any.ts": ["@carteiro/driver/src/drive.ts", "@carteiro/node", "node:fs", "xstate"],
  "testing/src/node/any.ts": ["@carteiro/node/src/server.ts", "../../../node/src/server.ts", "@carteiro/cli", "xstate"],
  "bun/src/any.ts": ["@carteiro/driver/src/drive.ts", "../../node/src/server.ts", "@carteiro/deno", "node:tls"],
  "deno/src/any.ts": ["@carteiro/driver/src/drive.ts", "../../driver/src/drive.ts", "@carteiro/node", "node:net"],
  "web/src/any.ts": ["@carteiro/driver/src/drive.ts", "../../driver/src/drive.ts", "@carteiro/node", "node:stream"],
  "workers/src/any.ts": ["@carteiro/web/src/transport.ts", "../../web/src/transport.ts", "@carteiro/node", "node:net"],
  "node/src/any.ts": ["@carteiro/core/dist/index.js", "../../core/src/index.ts", "@carteiro/memory", "ws"],
  "cli/src/any.ts": ["@carteiro/node/src/server.ts", "../../node/src/server.ts", "@carteiro/memory"],
};

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "core/src/free.ts": ["./session.ts", "./server/session.ts"],
  "core/src/grammar/free.ts": ["./abnf.ts"],
  "core/src/framing/free.ts": ["./line-reader.ts", "../grammar/abnf.ts"],
  "core/src/extensions/free.ts": ["./size.ts", "../grammar/parameters.ts"],
  "core/src/sasl/free.ts": ["./plain.ts", "../grammar/text.ts"],
  "core/src/engine/free.ts": ["./runner.ts", "xstate"],
  "core/src/server/free.ts": [
    "./machine.ts",
    "../engine/compile.ts",
    "../framing/x.ts",
    "../grammar/x.ts",
    "../session.ts",
  ],
  "core/src/client/free.ts": [
    "./machine.ts",
    "../engine/compile.ts",
    "../framing/x.ts",
    "../sasl/x.ts",
    "../session.ts",
  ],
  "driver/src/free.ts": ["@carteiro/core", "ipaddr.js", "./drive.ts", "./handlers/x.ts"],
  "driver/src/transport.ts": ["@carteiro/core#TlsInfo", "./clock.ts"],
  "memory/src/free.ts": ["@carteiro/core", "@carteiro/driver", "./lane.ts"],
  "bun/src/free.ts": ["@carteiro/core", "@carteiro/driver", "@carteiro/node", "./transport.ts", "node:crypto", "bun"],
  "deno/src/free.ts": ["@carteiro/core", "@carteiro/driver", "./transport.ts", "node:tls"],
  "web/src/free.ts": ["@carteiro/core", "@carteiro/driver", "./transport.ts"],
  "workers/src/free.ts": ["@carteiro/core", "@carteiro/driver", "@carteiro/web", "cloudflare:sockets", "./server.ts"],
  "node/src/free.ts": ["@carteiro/core", "@carteiro/driver", "./transport.ts", "node:net", "node:fs/promises"],
  "cli/src/free.ts": ["@carteiro/core", "@carteiro/driver", "@carteiro/node", "./serve.ts", "node:fs", "yaml"],
};

/** What the core may not touch, each a statement of its own, and the rule that sees it. */
const IMPURE: Readonly<Record<string, string>> = {
  "export const a = Date.now();": "no-restricted-globals",
  "export const b = Math.random();": "no-restricted-properties",
  "export const c = () => new Promise(() => undefined);": "no-restricted-globals",
  "export type D = Promise<void>;": "no-restricted-types",
  "export type E = AsyncIterable<Uint8Array>;": "no-restricted-types",
  "export async function f(): Promise<void> {}": "no-async-await",
  'export type G = import("./other.ts").Other;': "consistent-type-imports",
  'export const h = await import("xstate");': "no-restricted-imports",
  'export const i: any = "";': "no-explicit-any",
  "export namespace K { export const k = 1; }": "no-namespace",
  "console.log(1); export {};": "no-console",
};

/** What does not type-check in the core, since it is compiled without any platform's types. */
const PLATFORM = [
  'export const bytes = Buffer.from("x");',
  "export const timer = setTimeout(() => undefined, 1);",
  'export const encoded = new TextEncoder().encode("x");',
  "export const id = crypto.randomUUID();",
  "export const variables = process.env;",
  'export const request = fetch("x");',
  'console.log("x"); export {};',
  'export { readFileSync } from "node:fs";',
  "export enum Verb { MAIL }",
];

let tree: string;
let findings: readonly Finding[];

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "carteiro-lint-"));
  await cp(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
  await Promise.all([
    ...Object.entries({ ...FORBIDDEN, ...ALLOWED }).map(([file, specifiers]) => write(file, specifiers.map(importing))),
    write("core/src/server/impure.ts", Object.keys(IMPURE)),
  ]);
  findings = await lint();
});

afterAll(() => rm(tree, { recursive: true, force: true }));

describe("linter reports", () => {
  test.each(cases(FORBIDDEN))("$specifier imported by $file", ({ file, line }) => {
    expect(rulesAt(file, line)).toContain("no-restricted-imports");
  });

  test.each(Object.entries(IMPURE))("in the core: %s", (code, rule) => {
    expect(rulesAt("core/src/server/impure.ts", Object.keys(IMPURE).indexOf(code) + 1)).toContain(rule);
  });
});

describe("linter lets pass", () => {
  test.each(cases(ALLOWED))("$specifier imported by $file", ({ file, line }) => {
    expect(rulesAt(file, line)).not.toContain("no-restricted-imports");
  });
});

test("compiler refuses every platform's names in the core, and nothing else", async () => {
  const settings = {
    extends: join(root, "packages", "core", "tsconfig.json"),
    compilerOptions: { rootDir: ".", noEmit: true },
    include: ["*.ts"],
  };
  await write("types/package.json", ['{ "type": "module" }']);
  await write("types/tsconfig.json", [JSON.stringify(settings)]);
  await Promise.all(PLATFORM.map((code, index) => write(`types/platform-${index}.ts`, [code])));
  await write("types/pure.ts", ["export const bytes = Uint8Array.of(1).toSorted();"]);
  const output = await run("typescript/bin/tsc", ["-p", "packages/types"]);
  const files = [...output.matchAll(/^packages[/\\]types[/\\](.*?)\.ts\(/gm)].map(([, name]) => String(name));
  expect([...new Set(files)].toSorted()).toEqual(PLATFORM.map((_, index) => `platform-${index}`));
});

function cases(
  table: Readonly<Record<string, readonly string[]>>,
): { file: string; line: number; specifier: string }[] {
  return Object.entries(table).flatMap(([file, specifiers]) =>
    specifiers.map((specifier, index) => ({ file, line: index + 1, specifier })),
  );
}

/** `module` or `module#name`; the alias only keeps the lines of one file apart. */
function importing(specifier: string, index: number): string {
  const [from, name = "name"] = specifier.split("#");
  return `export { ${name} as name${index} } from "${from}";`;
}

async function write(file: string, lines: readonly string[]): Promise<void> {
  const path = join(tree, "packages", file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.join("\n"));
}

function rulesAt(file: string, line: number): string[] {
  return findings
    .filter((finding) => finding.file === `packages/${file}` && finding.line === line)
    .map(({ rule }) => rule);
}

async function lint(): Promise<Finding[]> {
  const output = await run("oxlint/bin/oxlint", ["--format", "json"]);
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { filename: string; code: string; labels: { span: { line: number } }[] }[];
  };
  return diagnostics.flatMap(({ filename, code, labels }) =>
    labels.map(({ span }) => ({ file: filename, line: span.line, rule: code.replace(/^.*\((.*)\)$/, "$1") })),
  );
}

/** What a tool of the workspace prints in the temporary tree; that it fails there is what is wanted. */
function run(tool: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const command = [join(root, "node_modules", tool), ...args];
    execFile(process.execPath, command, { cwd: tree, maxBuffer: 1 << 26 }, (_, stdout, stderr) =>
      resolve(stdout || stderr),
    );
  });
}
