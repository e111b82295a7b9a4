// Writes docs/api/<package>.api.md, the public names and types of each library, from the built declarations; for another entry
// than the package's own, as "./node", docs/api/<package>-node.api.md.
// A name of a neighbour's appears as an import; one that a library uses and does not export is an error, except that another entry
// may use what the package's own exports.
// With --check it writes nothing and fails where a report differs: a change of the public API is then seen in review.

import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
  type IConfigFile,
} from "@microsoft/api-extractor";

interface Entry {
  readonly package: string;
  /** As users import it. */
  readonly name: string;
  /** Its declarations, from the package's folder. */
  readonly types: string;
  readonly report: string;
}

interface Manifest {
  readonly publishConfig: { readonly exports?: Readonly<Record<string, { readonly types: string }>> };
}

const root = join(import.meta.dirname, "..");
const reports = join(root, "docs", "api");
const scratch = join(tmpdir(), `carteiro-public-api-${process.pid}`);

main(process.argv.includes("--check"));

function main(check: boolean): void {
  mkdirSync(reports, { recursive: true });
  try {
    const entries = readdirSync(join(root, "packages")).flatMap(entriesOf);
    const compiled = compile(entries);
    for (const entry of entries) if (!report(entry, compiled, check)) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Every entry that a package is published with; none where it is a command. */
function entriesOf(folder: string): readonly Entry[] {
  const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as Manifest;
  return Object.entries(manifest.publishConfig.exports ?? {}).map(([path, { types }]) => ({
    package: folder,
    name: `@carteiro/${folder}${path.slice(1)}`,
    types,
    report: `${folder}${path.slice(1).replaceAll("/", "-")}.api.md`,
  }));
}

/** All entries are read at once: reading takes much longer than reporting. */
function compile([first, ...others]: readonly Entry[]): CompilerState {
  if (first === undefined) throw new Error("No package has an entry");
  return CompilerState.create(prepare(first), { additionalEntryPoints: others.map(declarationsOf) });
}

/** Makes one entry's report; false where the check finds it changed, or finds a name that is used and not exported. */
function report(entry: Entry, compilerState: CompilerState, check: boolean): boolean {
  let complained = false;
  const result = Extractor.invoke(prepare(entry), {
    compilerState,
    localBuild: !check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error || ownEntryExports(entry, message)) return;
      complained = true;
      console.error(`${entry.name}: ${message.formatMessageWithLocation(root)}`);
    },
  });
  if (check && result.apiReportChanged) {
    console.error(`docs/api/${entry.report}: the public API has changed. Look at it, then run \`npm run docs\`.`);
  }
  return !check || !(complained || result.apiReportChanged);
}

/** Whether a name is missing that users have from the package's own entry, whose report comes first. */
function ownEntryExports(entry: Entry, { messageId, text }: ExtractorMessage): boolean {
  if (messageId !== "ae-forgotten-export" || entry.name === `@carteiro/${entry.package}`) return false;
  const [, name = ""] = /^The symbol "(\w+)"/.exec(text) ?? [];
  const own = readFileSync(join(reports, `${entry.package}.api.md`), "utf8");
  return new RegExp(`^export (abstract )?(class|const|function|interface|type) ${name}\\b`, "m").test(own);
}

function prepare(entry: Entry): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: configuration(entry),
    configObjectFullPath: join(root, "api-extractor.json"),
    packageJsonFullPath: join(root, "packages", entry.package, "package.json"),
  });
}

function declarationsOf(entry: Entry): string {
  return join(root, "packages", entry.package, entry.types);
}

function configuration(entry: Entry): IConfigFile {
  const folder = join(root, "packages", entry.package);
  const declarations = declarationsOf(entry);
  const off = { logLevel: ExtractorLogLevel.None };
  return {
    projectFolder: folder,
    mainEntryPointFilePath: declarations,
    newlineKind: "lf",
    compiler: { overrideTsconfig: { compilerOptions: compilerOptions(), files: [declarations] } },
    apiReport: {
      enabled: true,
      reportFolder: reports,
      reportTempFolder: scratch,
      reportFileName: entry.report,
    },
    docModel: { enabled: false, apiJsonFilePath: "" },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      // Neighbours are read from their sources here, with settings that are not quite theirs; `tsc -b` checks the types.
      compilerMessageReporting: { default: off },
      extractorMessageReporting: {
        default: off,
        "ae-forgotten-export": { logLevel: ExtractorLogLevel.Error },
      },
      tsdocMessageReporting: { default: off },
    },
  };
}

/** The packages' own settings, as far as reading declarations needs them. */
function compilerOptions(): object {
  return {
    target: "ES2023",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.AsyncIterable"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    skipLibCheck: true,
    types: ["node", "deno", "bun"],
  };
}
