// CHUNKING (RFC 3030 §2): content in chunks of announced length, each behind a BDAT command.

import type { Extension } from "./extension.ts";

export { type Chunk, formatChunk, parseChunk } from "../grammar/chunk.ts";

export const chunking: Extension = { keyword: "CHUNKING", announce: () => "CHUNKING" };
