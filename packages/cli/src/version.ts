// The version of this package, as its manifest has it.

import { readFileSync } from "node:fs";

/** For example `0.1.0`. The manifest lies beside both `src` and `dist`. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return known ? String(manifest.version) : "unknown";
}
