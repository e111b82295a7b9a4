// A client's session and a server's, joined in memory, with somebody in between who may change any line of either.

import {
  clientProfile,
  ClientSession,
  serverProfile,
  reply,
  ServerSession,
  type ClientEvent,
  type ClientSessionOptions,
  type Effect,
  type Output,
  type Reply,
  type ServerEvent,
  type ServerSessionOptions,
  type TlsInfo,
} from "@carteiro/core";
import { executor } from "./crypto.ts";
import { entry, houseAnswer, isCredentialsDecision, secret, type House } from "./house.ts";
import { noDelays } from "./no-delays.ts";

/** Changes what one side says, a line without its end; several lines are divided by CRLF. */
export type Tamper = (line: string) => string;

export interface Joining {
  readonly client: Omit<ClientSessionOptions, "hostname">;
  readonly server: NonNullable<ServerSessionOptions["authentication"]>;
  readonly house: House;
  /** What each side knows of its TLS connection: the same one, or two with somebody between. */
  readonly tls: { readonly client: TlsInfo; readonly server: TlsInfo };
  readonly fromClient?: Tamper;
  readonly fromServer?: Tamper;
  /** Credentials given on demand, one after the other. */
  readonly onDemand?: readonly NonNullable<ClientSessionOptions["credentials"]>[];
  /** What the server's randomness comes from. */
  readonly seed?: string;
}

export interface Joined {
  readonly clientEvents: readonly ClientEvent[];
  readonly serverEvents: readonly ServerEvent[];
  /** Lines as each side said them. */
  readonly said: readonly string[];
}

const no: Reply = reply(535, "5.7.8", "No");

/** Lets a client open its session and say goodbye. */
export function join(joining: Joining): Joined {
  return new Joint(joining).run();
}

class Joint {
  readonly #joining: Joining;
  readonly #client: ClientSession;
  readonly #server: ServerSession;
  readonly #clientEvents: ClientEvent[] = [];
  readonly #serverEvents: ServerEvent[] = [];
  readonly #said: string[] = [];
  readonly #executeClient = executor("client");
  readonly #executeServer;
  #asked = 0;

  constructor(joining: Joining) {
    this.#joining = joining;
    const { client, server, tls } = joining;
    this.#executeServer = executor(joining.seed ?? "server");
    const authentication = { secret, iterations: 4_096, ...server };
    this.#server = new ServerSession(
      serverProfile({ hostname: "mx.example.org", authentication, timeouts: noDelays }),
      0,
      {
        tls: tls.server,
      },
    );
    this.#client = new ClientSession(clientProfile({ hostname: "a.example", ...client }), 0, tls.client);
  }

  run(): Joined {
    while (this.#drainServer() || this.#drainClient()) continue;
    return { clientEvents: this.#clientEvents, serverEvents: this.#serverEvents, said: this.#said };
  }

  /** Whether there was anything to do. */
  #drainServer(): boolean {
    let acted = false;
    for (let output: Output<ServerEvent> = this.#server.poll(); output.kind !== "idle"; output = this.#server.poll()) {
      acted = true;
      if (output.kind === "event") this.#serverTold(output.event);
      else if (output.effect.type === "write") this.#carry("server", output.effect);
      else if (output.effect.type === "compute") {
        const { computation, operation } = output.effect;
        this.#server.handle({ type: "computed", computation, result: this.#executeServer(operation) }, 0);
      }
    }
    return acted;
  }

  #drainClient(): boolean {
    let acted = false;
    for (let output: Output<ClientEvent> = this.#client.poll(); output.kind !== "idle"; output = this.#client.poll()) {
      acted = true;
      if (output.kind === "event") this.#clientTold(output.event);
      else if (output.effect.type === "write") this.#carry("client", output.effect);
      else if (output.effect.type === "close") this.#server.handle({ type: "ended" }, 0);
      else if (output.effect.type === "compute") {
        const { computation, operation } = output.effect;
        this.#client.handle({ type: "computed", computation, result: this.#executeClient(operation) }, 0);
      }
    }
    return acted;
  }

  #carry(from: "client" | "server", { bytes }: Extract<Effect, { type: "write" }>): void {
    const lines = Buffer.from(bytes).toString("latin1").split("\r\n").slice(0, -1);
    for (const line of lines) {
      this.#said.push(`${from === "client" ? "C" : "S"}: ${line}`);
      const { fromClient, fromServer } = this.#joining;
      const changed = (from === "client" ? fromClient : fromServer)?.(line) ?? line;
      const octets = Buffer.from(`${changed}\r\n`, "latin1");
      const other = from === "client" ? this.#server : this.#client;
      other.handle({ type: "received", bytes: octets }, 0);
    }
  }

  #clientTold(event: ClientEvent): void {
    this.#clientEvents.push(event);
    if (event.type === "opened") this.#client.submit({ type: "quit" }, 0);
    if (event.type !== "credentialsWanted") return;
    const credentials = this.#joining.onDemand?.[this.#asked++];
    if (credentials !== undefined && credentials !== "onDemand")
      this.#client.submit({ type: "authenticate", credentials }, 0);
  }

  #serverTold(event: ServerEvent): void {
    this.#serverEvents.push(event);
    if (!("decision" in event) || event.type === "decisionExpired") return;
    const { decision } = event;
    const { house } = this.#joining;
    if (isCredentialsDecision(event)) {
      this.#server.submit({ type: "answer", decision, answer: houseAnswer(event, house) }, 0);
    } else if (event.type === "authenticationReceived" && !knows(house, event.credentials)) {
      this.#server.submit({ type: "reject", decision, reply: no }, 0);
    } else {
      this.#server.submit({ type: "accept", decision }, 0);
    }
  }
}

function knows(
  { passwords }: House,
  { user, password }: { readonly user: string; readonly password: string },
): boolean {
  return entry(passwords, user) === password;
}
