// Plays a scenario in a world of its own: what each side was told became of the messages, and what was left in the end.

import { deriveKeys, memoryKeyStore, type KeyStore, type WrapTransport } from "@carteiro/driver";
import { faults, world, type FaultPlan, type Overheard, type World } from "@carteiro/testing";
import { closing, deadlineOf, heldIn, isPrompt, settling } from "./bounds.ts";
import { faulty } from "./faulty-transport.ts";
import { password, receiving, type Received } from "./receiving.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { sendAll, type Sent } from "./sending.ts";

export interface Account extends Sent, Omit<Received, "server"> {
  /** Of all that was said, who said it when. */
  readonly digest: number;
}

/** Rejects where something does not come to its end, or leaves something behind. */
export async function play(scenario: Scenario, watch?: (said: Overheard) => void): Promise<Account> {
  let digest = 0;
  let tooMuch: string | undefined;
  const around = world({
    seed: scenario.seed,
    link: linkOf(scenario),
    tap: (said) => {
      digest = mixed(digest, said);
      watch?.(said);
      // To throw here would break the connection, and be one more fault.
      tooMuch ??= heldBeyond(scenario, around);
    },
  });
  const plan = faults(scenario.rules, { seed: scenario.seed });
  const { server, ...received } = receiving(scenario, around, {
    users: await users,
    wrapTransport: wrapping(scenario, "server", plan),
  });
  trouble(scenario, around, server);
  const sent = await around.run(() => sendAll(scenario, around, wrapping(scenario, "client")), {
    within: deadlineOf(scenario),
  });
  await around.run(() => server.close(), { within: closing });
  plan.close();
  await around.clock.run({ within: isPrompt(scenario) ? settling : closing });
  if (tooMuch !== undefined) throw new Error(tooMuch);
  checkNothingLeft(around, server.connections);
  return { ...sent, ...received, digest };
}

function linkOf({ latency, bandwidth, capacity, chunkSizes }: Scenario) {
  return { latency, bandwidth, capacity, ...(chunkSizes && { chunkSizes }) };
}

/** Sessions of a side count in the order in which they begin. */
function wrapping({ faults: all }: Scenario, side: Fault["side"], plan?: FaultPlan): WrapTransport {
  let sessions = 0;
  return (transport, how) => {
    const session = sessions++;
    const mine = all.filter((fault) => fault.side === side && fault.session === session);
    const inner = faulty(transport, how, mine);
    return plan === undefined || plan.rules.length === 0 ? inner : plan.wrapTransport(inner, how);
  };
}

function trouble({ partitions, shutdown }: Scenario, { clock, network }: World, server: Received["server"]): void {
  for (const { at, for: length } of partitions) {
    clock.after(at, () => network.partition("app.example.org", "mx.example.net"));
    clock.after(at + length, () => network.heal());
  }
  if (shutdown?.by === "close") clock.after(shutdown.at, () => void server.close());
  if (shutdown?.by === "destroy") clock.after(shutdown.at, () => void server.destroy());
}

function heldBeyond(scenario: Scenario, { network }: World): string | undefined {
  const bound = network.connections.length * heldIn(scenario);
  return network.held > bound ? `${network.held} octets are held, over ${bound}` : undefined;
}

function checkNothingLeft({ clock, network }: World, sessions: number): void {
  const left = { timers: clock.timers, connections: network.connections.length, octets: network.held, sessions };
  if (Object.values(left).some((count) => count > 0))
    throw new Error(`After all has been closed there are left: ${JSON.stringify(left)}`);
}

/** FNV-1a, over whatever makes two dialogues different. */
function mixed(digest: number, { connection, from, at, octets }: Overheard): number {
  let hash = Math.imul(digest ^ connection ^ from.length, 0x01000193);
  hash = Math.imul(hash ^ Math.round(at * 1_000), 0x01000193);
  for (const octet of octets) hash = Math.imul(hash ^ octet, 0x01000193);
  return hash;
}

// Dear, and the same in all simulations.

const users: Promise<KeyStore> = deriveKeys(password, {
  hashes: ["SHA-256"],
  iterations: 4_096,
  compute: world().compute,
}).then((keys) => memoryKeyStore({ ana: keys }));
