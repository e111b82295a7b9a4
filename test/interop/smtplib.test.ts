// Python's smtplib as the client.

import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { user } from "../support/carteiro.ts";
import { run } from "../support/processes.ts";
import { clientContract } from "./client-contract.ts";
import { CorpusFiles, shortMessage } from "./corpus.ts";
import { describeWith, python } from "./peers.ts";

const script = fileURLToPath(new URL("smtplib_client.py", import.meta.url));

describeWith(python("smtplib", "smtplib"), (path) => {
  async function send(job: object): Promise<{ ok: boolean; said: string }> {
    const { code, stdout, stderr } = await run(path, [script], { input: JSON.stringify(job) });
    return code === 0 ? (JSON.parse(stdout) as { ok: boolean; said: string }) : { ok: false, said: stderr };
  }

  const { server } = clientContract({ send, partial: true });

  test("sends to and from addresses with UTF-8", async () => {
    using files = new CorpusFiles();
    const { relay: port } = server().ports;
    const file = files.of(shortMessage);
    const envelope = { from: "jürgen@example.net", to: ["ana+saudações@example.org", "jo@bücher.example"] };
    const job = { ...envelope, file, host: "127.0.0.1", port, tls: "none", caFile: server().caFile, utf8: true };
    expect(await send(job)).toEqual({ ok: true, said: "{}" });
    const [message] = server().take(user.address);
    expect(message?.received).toContain(" with UTF8SMTP ");
    expect(server().take("jo@xn--bcher-kva.example")).toHaveLength(1);
  });
});
