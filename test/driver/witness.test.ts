// Who looks on sees every call of a session, in the order in which they were made, and changes nothing.

import { accept, reject, type FindWitness } from "@carteiro/driver";
import { pair } from "@carteiro/memory";
import { describe, expect, test } from "vitest";

/** What a witness was told, in words. */
function notebook() {
  const told: string[] = [];
  const witness: FindWitness = ({ role, options, now, state }) => {
    told.push(`${role} ${options.hostname} at ${now} in ${state()}`);
    return {
      handled: ({ type }) => told.push(`handle ${type}`),
      submitted: ({ type }, _, error) =>
        told.push(`submit ${type}${error === undefined ? "" : `: ${(error as Error).name}`}`),
      polled: (output) => {
        if (output.kind === "event") told.push(`event ${output.event.type}`);
        if (output.kind === "effect") told.push(`effect ${output.effect.type}`);
      },
    };
  };
  return { told, witness };
}

const message = { from: "ana@example.org", to: "bia@example.net", content: "Hello\r\n" };

describe("a witness", () => {
  test("sees what a server's session hears, asks, is answered and says", async () => {
    const { told, witness } = notebook();
    const asking = { onConnection: () => accept(), onHello: () => accept() };
    const { client, clock } = await pair({ hostname: "mx.example.net", ...asking, witness }, { startTls: "never" });
    await clock.settle(client.quit());
    expect(told).toEqual([
      "server mx.example.net at 0 in decidingConnection",
      "event connectionReceived",
      "submit accept",
      "effect write",
      "handle received",
      "event helloReceived",
      "submit accept",
      "effect write",
      "handle received",
      "event sessionClosed",
      "effect write",
      "effect close",
    ]);
  });

  test("sees a client's session, and the mistakes of its application", async () => {
    const { told, witness } = notebook();
    const { client, clock } = await pair({ hostname: "mx.example.net" }, { startTls: "never", witness });
    await expect(clock.settle(client.send({ ...message, requireTls: true }))).rejects.toThrow();
    expect(told[0]).toBe("client localhost at 0 in expectingGreeting");
    expect(told.filter((line) => line === "submit send: LocalProtocolError")).toHaveLength(1);
  });

  test("need not be there for every session", async () => {
    let asked = 0;
    const witness: FindWitness = () => {
      asked += 1;
      return undefined;
    };
    const { client, clock, connect } = await pair({ hostname: "mx.example.net", onMail: () => reject(550), witness });
    await clock.settle(connect());
    await clock.settle(client.quit());
    expect(asked).toBe(2);
  });
});
