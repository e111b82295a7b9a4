// Connections that are reset by the peer, at each stage: whoever waits is told, nobody else is disturbed, nothing half-done is
// taken for done.

import type { ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter, RawPeer } from "../adapter.ts";
import { checkUnharmed, failure, note, taking, withRawClient, withRawServer, withServer } from "../case.ts";
import type { CaseDefinition, Need, Taken } from "../case.ts";
import type { Dialogue } from "../dialogue.ts";
import { check, checkEqual, eventually, pause, within } from "../expectations.ts";

const envelope = ["EHLO client.example.org", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>"];

interface ClientStage {
  readonly stage: string;
  /** Said and answered before. */
  readonly asked: readonly string[];
  /** Said last, and not waited for. */
  readonly said?: string;
  readonly needs?: readonly Need[];
}

const clientStages: readonly ClientStage[] = [
  { stage: "before it says a word", asked: [] },
  { stage: "within a command", asked: [], said: "EHLO client.exam" },
  { stage: "after EHLO", asked: envelope.slice(0, 1) },
  { stage: "in place of the TLS handshake", asked: ["EHLO client.example.org", "STARTTLS"], needs: ["serverStartTls"] },
  { stage: "within AUTH", asked: ["EHLO client.example.org", "AUTH PLAIN"] },
  { stage: "after MAIL", asked: envelope.slice(0, 2) },
  { stage: "while a recipient is decided", asked: envelope.slice(0, 2), said: "RCPT TO:<slow@example.org>\r\n" },
  { stage: "after RCPT", asked: envelope },
  { stage: "after DATA", asked: [...envelope, "DATA"] },
  {
    stage: "within the content",
    asked: [...envelope, "DATA"],
    said: `Subject: half\r\n\r\n${"Hello\r\n".repeat(2_000)}`,
  },
  { stage: "within a chunk of BDAT", asked: envelope, said: `BDAT 100000 LAST\r\n${"Hello\r\n".repeat(2_000)}` },
  { stage: "after QUIT", asked: ["EHLO client.example.org", "QUIT"] },
];

type Answers = Readonly<Record<string, string>>;

const obliging: Answers = {
  EHLO: "250-mx.example.org\r\n250 AUTH PLAIN\r\n",
  AUTH: "235 2.7.0 Welcome\r\n",
  MAIL: "250 2.1.0 OK\r\n",
  RCPT: "250 2.1.5 OK\r\n",
  DATA: "354 Go on\r\n",
  ".": "250 2.6.0 Taken\r\n",
};

interface ServerStage {
  readonly stage: string;
  /** The command in place of whose answer it resets; a dot: the content's end. None: in place of the greeting. */
  readonly at?: string;
  readonly uncertain?: boolean;
  readonly needs?: readonly Need[];
}

const serverStages: readonly ServerStage[] = [
  { stage: "in place of its greeting" },
  { stage: "in place of its answer to EHLO", at: "EHLO" },
  { stage: "in place of its answer to STARTTLS", at: "STARTTLS", needs: ["clientStartTls"] },
  { stage: "in place of its answer to AUTH", at: "AUTH" },
  { stage: "in place of its answer to MAIL", at: "MAIL" },
  { stage: "in place of its answer to RCPT", at: "RCPT" },
  { stage: "in place of its answer to DATA", at: "DATA" },
  { stage: "within the content", at: "Subject:" },
  { stage: "in place of its answer to the content", at: ".", uncertain: true },
];

export const resetCases: readonly CaseDefinition[] = [
  ...clientStages.map((stage): CaseDefinition => ({
    name: `a server bears a client that resets the connection ${stage.stage}`,
    ...(stage.needs && { needs: stage.needs }),
    run: (adapter) => clientResets(adapter, stage),
  })),
  {
    name: "a server bears a client that resets the connection in place of implicit TLS",
    needs: ["serverImplicitTls", "clientImplicitTls"],
    async run(adapter) {
      const taken: Taken[] = [];
      const serve = { options: taking(taken), certificate: "good", implicitTls: true } as const;
      await withServer(adapter, serve, async (served) => {
        await withRawClient(adapter, served.place, async (_, peer) => peer.reset());
        await checkUnharmed(adapter, served, taken, { implicitTls: true });
      });
    },
  },
  {
    name: "a handler learns that its client has gone while it decides",
    needs: ["brokenWhileIdle"],
    run: goneWhileDeciding,
  },
  {
    name: "a server bears a client that goes under TLS within the content",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => underTls(adapter, "client"),
  },
  {
    name: "a client is told when the server goes under TLS within the content",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => underTls(adapter, "server"),
  },
  ...serverStages.map((stage): CaseDefinition => ({
    name: `a client is told that the server has reset the connection ${stage.stage}`,
    ...(stage.needs && { needs: stage.needs }),
    run: (adapter) => serverResets(adapter, stage),
  })),
  {
    name: "a client bears a server that resets the connection in place of its answer to QUIT",
    run: (adapter) =>
      withRawServer(adapter, untilVerb("QUIT"), async (place) => {
        const client = await adapter.connect(place, { startTls: "never" });
        await within(client.quit(), 5_000, "quitting");
      }),
  },
  {
    name: "a client without work notices that the server has reset the connection",
    run: (adapter) =>
      withRawServer(adapter, untilVerb("RSET"), async (place) => {
        const client = await adapter.connect(place, { startTls: "never" });
        client.reset().catch(() => undefined);
        await within(client.closed, 5_000, "the client notices");
        check(!client.usable, "a client that is not usable");
      }),
  },
];

/** Within content that has no end. */
async function underTls<Place>(adapter: ConformanceAdapter<Place>, goes: "client" | "server"): Promise<void> {
  const taken: Taken[] = [];
  let came = 0;
  const options: ServerOptions = {
    ...taking(taken),
    async onMessage({ content }) {
      for await (const chunk of content) came += chunk.length;
      taken.push({ from: "", to: [], content: "", secured: true });
    },
  };
  await withServer(adapter, { options, certificate: "good" }, async ({ place, server }) => {
    const client = await adapter.connect(place, { startTls: "required" });
    const sending = failure(client.send({ ...note(""), content: endless() }), "sending");
    await eventually(() => came > 0, "the content begins");
    if (goes === "client") client.destroy();
    else void server.destroy();
    const { uncertain } = await sending;
    checkEqual(uncertain, false, "whether it may have been taken");
    await within(client.closed, 5_000, "the client's connection is closed");
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
  checkEqual(taken, [], "what came");
}

async function clientResets<Place>(
  adapter: ConformanceAdapter<Place>,
  { asked, said, needs = [] }: ClientStage,
): Promise<void> {
  const taken: Taken[] = [];
  const errors: unknown[] = [];
  const options = taking(taken, {
    authentication: { allowInClear: true },
    onAuthenticate: () => undefined as never,
    async onRecipient({ recipient }) {
      if (recipient.localPart === "slow") await pause(100);
    },
  });
  const serve = { options, ...(needs.includes("serverStartTls") && { certificate: "good" as const }) };
  await withServer(adapter, serve, async (served) => {
    served.server.on("error", ({ error }) => errors.push(error));
    await withRawClient(adapter, served.place, async (dialogue, peer) => {
      await dialogue.reply();
      for (const line of asked) await dialogue.ask(line);
      if (said !== undefined) await dialogue.say(said);
      // So that the server is where it is meant to be.
      await pause(20);
      peer.reset();
    });
    await eventually(() => served.server.connections === 0, "the server is rid of the client");
    checkEqual(taken, [], "what came");
    await checkUnharmed(adapter, served, taken, { startTls: "never" });
  });
  checkEqual(errors.map(String), [], "what the application was told to be wrong");
}

async function goneWhileDeciding<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  let deciding = false;
  let aborted = false;
  const onMail: ServerOptions["onMail"] = ({ signal }) => {
    deciding = true;
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        aborted = true;
        resolve();
      }),
    );
  };
  await withServer(adapter, { options: taking([], { onMail }) }, async ({ place, server }) => {
    await withRawClient(adapter, place, async (dialogue, peer) => {
      await dialogue.reply();
      await dialogue.ask("EHLO client.example.org");
      await dialogue.say("MAIL FROM:<a@example.net>\r\n");
      await eventually(() => deciding, "the handler decides");
      peer.reset();
    });
    await eventually(() => aborted, "the handler is told");
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
}

async function serverResets<Place>(
  adapter: ConformanceAdapter<Place>,
  { at, uncertain = false }: ServerStage,
): Promise<void> {
  await withRawServer(adapter, untilVerb(at), async (place) => {
    const error = await failure(sendOver(adapter, place, at), "sending");
    checkEqual(error.failure.kind, "disconnected", "the failure");
    checkEqual(error.uncertain, uncertain, "whether it may have been taken");
  });
}

async function sendOver<Place>(
  adapter: ConformanceAdapter<Place>,
  place: Place,
  at: string | undefined,
): Promise<void> {
  const client = await adapter.connect(place, {
    startTls: at === "STARTTLS" ? "required" : "never",
    ...(at === "AUTH" && { auth: { user: "user", password: "secret" }, allowAuthInClear: true }),
  });
  try {
    await client.send(at === "Subject:" ? { ...note(""), content: endless() } : note("to nobody"));
  } finally {
    await within(client.closed, 5_000, "the client's connection is closed");
  }
}

async function* endless(): AsyncGenerator<string> {
  yield "Subject: endless\r\n\r\n";
  for (;;) {
    await pause(5);
    yield "Hello\r\n".repeat(10_000);
  }
}

/** A server that takes everything, and resets the connection at this line. */
function untilVerb(at: string | undefined): (dialogue: Dialogue, peer: RawPeer) => Promise<void> {
  return async (dialogue, peer) => {
    if (at === undefined) {
      // So that the client is connected by then, and not still about to be.
      await pause(50);
      return peer.reset();
    }
    await dialogue.say("220 mx.example.org\r\n");
    const answers: Answers = at === "STARTTLS" ? { EHLO: "250-mx.example.org\r\n250 STARTTLS\r\n" } : obliging;
    for (let line = await dialogue.line(); line !== undefined; line = await dialogue.line()) {
      const verb = line.split(" ")[0] ?? "";
      if (verb === at) return peer.reset();
      const answer = answers[verb];
      if (answer !== undefined) await dialogue.say(answer);
    }
  };
}
