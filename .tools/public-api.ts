// Writes docs/api/<package>.api.md, the public names and types of each library, from the built declarations.
// A name of a neighbour's appears as an import; one that a library uses and does not export is an error.
// With --check it writes nothing and fails where a report differs: a change of the public API is then seen in review.

import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from "@microsoft/api-extractor";

const LIBRARIES = ["core", "deno", "driver", "memory", "node", "web", "workers"];

const root = join(import.meta.dirname, "..");
const reports = join(root, "docs", "api");
const scratch = join(tmpdir(), `carteiro-public-api-${process.pid}`);

main(process.argv.includes("--check"));

function main(check: boolean): void {
  mkdirSync(reports, { recursive: true });
  try {
    for (const name of LIBRARIES) if (!report(name, check)) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Makes one library's report; false where the check finds it changed, or finds a name that is used and not exported. */
function report(name: string, check: boolean): boolean {
  const config = ExtractorConfig.prepare({
    configObject: configuration(name),
    configObjectFullPath: join(root, "api-extractor.json"),
    packageJsonFullPath: join(root, "packages", name, "package.json"),
  });
  const result = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error) return;
      console.error(`@carteiro/${name}: ${message.formatMessageWithLocation(root)}`);
    },
  });
  if (check && result.apiReportChanged) {
    console.error(`docs/api/${name}.api.md: the public API has changed. Look at it, then run \`npm run docs\`.`);
  }
  return !check || (result.errorCount === 0 && !result.apiReportChanged);
}

function configuration(name: string): IConfigFile {
  const folder = join(root, "packages", name);
  const off = { logLevel: ExtractorLogLevel.None };
  return {
    projectFolder: folder,
    mainEntryPointFilePath: join(folder, "dist", "index.d.ts"),
    newlineKind: "lf",
    compiler: { overrideTsconfig: { compilerOptions: compilerOptions(), files: [join(folder, "dist", "index.d.ts")] } },
    apiReport: {
      enabled: true,
      reportFolder: reports,
      reportTempFolder: scratch,
      reportFileName: `${name}.api.md`,
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
    types: ["node", "deno"],
  };
}
