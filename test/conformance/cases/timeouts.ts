// Deadlines, of both sides: who waits in vain gives up in time, says so where it can, and is rid of the connection.

import type { ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter, ServeOptions } from "../adapter.ts";
import {
  failure,
  note,
  taking,
  withRawClient,
  withRawServer,
  withServer,
  type CaseDefinition,
  type Need,
} from "../case.ts";
import type { Dialogue } from "../dialogue.ts";
import { checkEqual, eventually, pause, rejection, within } from "../expectations.ts";

const envelope = ["EHLO client.example.org", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>"];
const short = 200;

type Timeout = keyof NonNullable<ServerOptions["timeouts"]>;

interface Waiting {
  readonly name: string;
  readonly timeout: Timeout;
  readonly asked?: readonly string[];
  readonly said?: string;
  /** Said over and over while the server waits. */
  readonly dribbled?: string;
  /** Code of the last reply, if it can be said. */
  readonly code?: string;
  readonly needs?: readonly Need[];
}

const servers: readonly Waiting[] = [
  { name: "a server gives up a client that says nothing", timeout: "command", code: "421" },
  {
    name: "a server gives up a client that dribbles a command",
    timeout: "command",
    dribbled: "x",
    code: "421",
  },
  {
    name: "a server gives up a client that dribbles its content",
    timeout: "content",
    asked: [...envelope, "DATA"],
    dribbled: "x\r\n",
    code: "421",
  },
  {
    name: "a server gives up a client that does not come to the TLS handshake",
    timeout: "tls",
    asked: ["EHLO client.example.org", "STARTTLS"],
    needs: ["serverStartTls"],
  },
  {
    name: "a server ends a session that lasts too long",
    timeout: "session",
    asked: ["EHLO client.example.org"],
    code: "421",
  },
];

interface Silence {
  readonly name: string;
  readonly timeout: "greeting" | "hello" | "command" | "data" | "contentEnd" | "tls";
  /** The line at which the server falls silent; none: it never says a word. */
  readonly at?: string;
  readonly uncertain?: boolean;
  readonly needs?: readonly Need[];
}

const clients: readonly Silence[] = [
  { name: "a client gives up a server that does not greet it", timeout: "greeting" },
  { name: "a client gives up a server that does not answer EHLO", timeout: "hello", at: "EHLO" },
  { name: "a client gives up a server that does not answer MAIL", timeout: "command", at: "MAIL" },
  { name: "a client gives up a server that does not answer DATA", timeout: "data", at: "DATA" },
  {
    name: "a client gives up a server that does not answer its content, and knows that it may have been taken",
    timeout: "contentEnd",
    at: ".",
    uncertain: true,
  },
  {
    name: "a client gives up a server that does not come to the TLS handshake",
    timeout: "tls",
    at: "none",
    needs: ["clientStartTls"],
  },
];

export const timeoutCases: readonly CaseDefinition[] = [
  ...servers.map((waiting): CaseDefinition => ({
    name: waiting.name,
    ...(waiting.needs && { needs: waiting.needs }),
    run: (adapter) => serverWaits(adapter, waiting),
  })),
  {
    name: "a server gives up a client that does not come to the handshake of implicit TLS",
    needs: ["serverImplicitTls", "clientImplicitTls"],
    run: handshakeInVain,
  },
  {
    name: "a server whose handler does not decide answers 451, and goes on",
    run: undecided,
  },
  ...clients.map((silence): CaseDefinition => ({
    name: silence.name,
    ...(silence.needs && { needs: silence.needs }),
    run: (adapter) => clientWaits(adapter, silence),
  })),
  {
    name: "a client gives up a server that does not come to the handshake of implicit TLS",
    needs: ["clientImplicitTls"],
    run: (adapter) =>
      withRawServer(
        adapter,
        async (dialogue) => void (await dialogue.rest()),
        async (place) => {
          const opening = adapter.connect(place, {
            implicitTls: true,
            connectTimeout: short,
            timeouts: { tls: short },
          });
          await within(rejection(opening, "opening"), 5_000, "opening");
        },
      ),
  },
];

async function serverWaits<Place>(
  adapter: ConformanceAdapter<Place>,
  { timeout, asked = [], said, dribbled, code, needs = [] }: Waiting,
): Promise<void> {
  const options = taking([], { timeouts: { [timeout]: short } });
  const serve: ServeOptions = { options, ...(needs.includes("serverStartTls") && { certificate: "good" }) };
  await withServer(adapter, serve, async ({ place, server }) => {
    await withRawClient(adapter, place, async (dialogue) => {
      await dialogue.reply();
      for (const line of asked) await dialogue.ask(line);
      if (said !== undefined) await dialogue.say(said);
      const over = new AbortController();
      const dribbling = dribbled === undefined ? undefined : dribble(dialogue, dribbled, over.signal);
      const heard = await dialogue.rest();
      over.abort();
      await dribbling;
      checkEqual(heard.slice(0, 3), code ?? "", "the server's last words");
    });
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
}

async function dribble(dialogue: Dialogue, text: string, signal: AbortSignal): Promise<void> {
  try {
    for (; !signal.aborted; await pause(20)) await dialogue.say(text);
  } catch {
    // The server has closed.
  }
}

async function handshakeInVain<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const options = taking([], { timeouts: { tls: short } });
  await withServer(adapter, { options, certificate: "good", implicitTls: true }, async ({ place, server }) => {
    await withRawClient(adapter, place, async (dialogue) => {
      checkEqual(await dialogue.rest(), "", "what the server says");
    });
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
}

async function undecided<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const onMail: ServerOptions["onMail"] = ({ reversePath }) =>
    reversePath?.localPart === "never" ? new Promise(() => undefined) : undefined;
  const options = taking([], { onMail, timeouts: { decision: short } });
  await withServer(adapter, { options }, ({ place }) =>
    withRawClient(adapter, place, async (dialogue) => {
      await dialogue.reply();
      await dialogue.ask("EHLO client.example.org");
      checkEqual((await dialogue.ask("MAIL FROM:<never@example.net>"))?.slice(0, 3), "451", "the reply in vain");
      checkEqual((await dialogue.ask("MAIL FROM:<a@example.net>"))?.slice(0, 3), "250", "the reply afterwards");
    }),
  );
}

async function clientWaits<Place>(
  adapter: ConformanceAdapter<Place>,
  { timeout, at, uncertain = false }: Silence,
): Promise<void> {
  const startTls = timeout === "tls" ? "required" : "never";
  await withRawServer(adapter, silentAt(at), async (place) => {
    const sending = (async () => {
      const client = await adapter.connect(place, { startTls, timeouts: { [timeout]: short, quit: short } });
      try {
        await client.send(note("to nobody"));
      } finally {
        await within(client.closed, 5_000, "the client's connection is closed");
      }
    })();
    const error = await failure(sending, "sending");
    checkEqual(error.failure.kind, "timeout", "the failure");
    checkEqual(error.uncertain, uncertain, "whether it may have been taken");
  });
}

/** A server that takes everything, STARTTLS included, and has nothing to say to this line any more. */
function silentAt(at: string | undefined): (dialogue: Dialogue) => Promise<void> {
  return async (dialogue) => {
    if (at === undefined) return void (await dialogue.rest());
    await dialogue.say("220 mx.example.org\r\n");
    for (let line = await dialogue.line(); line !== undefined; line = await dialogue.line()) {
      const verb = line.split(" ")[0] ?? "";
      if (verb === at) return void (await dialogue.rest());
      if (verb === "STARTTLS") {
        await dialogue.say("220 Go on\r\n");
        return void (await dialogue.rest());
      }
      if (verb === "EHLO") await dialogue.say("250-mx.example.org\r\n250 STARTTLS\r\n");
      else if (verb === "DATA") await dialogue.say("354 Go on\r\n");
      else if (verb === "MAIL" || verb === "RCPT") await dialogue.say("250 OK\r\n");
    }
  };
}
