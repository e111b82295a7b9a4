// The programs in the test kit's README, run as they stand.

import { describe, expect, test } from "vitest";
import { examplesOf } from "./example-files.ts";

describe("packages/testing/README.md", () => {
  const { run } = examplesOf("packages/testing/README.md");

  test("shows a server that greylists, and nodemailer that comes back", async () => {
    expect(await run("greylisting.ts")).toBe("450\n250 2.6.0 Queued\nbia@example.net\n");
  });

  test("shows a scripted server in memory", async () => {
    expect(await run("in-memory.ts")).toBe(
      "[ 'We have not met, ana@example.org', 'Come back in 300 seconds' ]\nana@example.org\n",
    );
  });

  test("shows a client that does not wait for the greeting", async () => {
    expect(await run("hasty.ts")).toBe("The server speaks first; closing the connection\n");
  });
});
