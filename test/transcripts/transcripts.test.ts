// Each block of each document beside this file is a test: played whole, octet by octet, and octet by octet ahead of decisions.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { readTranscripts } from "../support/transcript.ts";
import { play, type Manner } from "../support/transcript-player.ts";

const manners: readonly Manner[] = ["whole", "octets", "ahead"];

const documents = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".md"))
  .toSorted();

describe.each(documents)("%s", (name) => {
  const file = join(import.meta.dirname, name);
  for (const transcript of readTranscripts(file, readFileSync(file, "utf8"))) {
    test(transcript.headings.join(" › "), () => {
      for (const manner of manners) play(transcript, manner);
    });
  }
});
