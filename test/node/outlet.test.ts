// How octets leave by what is beneath a socket: a request that a handle has is not given to another write.

import { describe, expect, test } from "vitest";
import type { Handle, Request } from "../../packages/node/src/beneath.ts";
import { DirectOutlet } from "../../packages/node/src/outlet.ts";

/** Takes octets at once, or keeps the request until `leave`: even where all have left by the time that the call returns. */
class FakeHandle {
  readonly requests: Request[] = [];
  keeps = false;
  status = 0;
  readonly #kept: Request[] = [];

  writeBuffer(request: Request): number {
    this.requests.push(request);
    if (this.keeps) {
      this.#kept.push(request);
      request.getAsyncId = () => 7;
    }
    return this.status;
  }

  writev(request: Request): number {
    return this.writeBuffer(request);
  }

  leave(status = 0): void {
    this.#kept.shift()?.oncomplete?.(status);
  }
}

function outlet(handle: FakeHandle) {
  const told: string[] = [];
  const owner = {
    destroyed: false,
    destroy(error: Error) {
      this.destroyed = true;
      told.push(error.message);
    },
  };
  return { told, out: new DirectOutlet(owner, handle as unknown as Handle, () => told.push("emptied")) };
}

const octets = new Uint8Array(1);

describe.skipIf(process.platform === "win32")("a write past the stream", () => {
  test("shares its request with others as long as the system takes all at once", () => {
    const handles = [new FakeHandle(), new FakeHandle()];
    const free = handles.flatMap((handle) => {
      const { out } = outlet(handle);
      return [out.write(octets), out.writeAll([octets, octets])];
    });
    expect(free).toEqual([true, true, true, true]);
    expect(new Set(handles.flatMap(({ requests }) => requests)).size).toBe(1);
  });

  test("keeps its request where it takes time, until it has left", () => {
    const [slow, quick] = [new FakeHandle(), new FakeHandle()];
    slow.keeps = true;
    const { out, told } = outlet(slow);
    expect([out.write(octets), out.writeAll([octets, octets])]).toEqual([false, false]);
    expect(outlet(quick).out.write(octets)).toBe(true);
    expect(new Set([...slow.requests, ...quick.requests]).size).toBe(3);
    slow.leave();
    expect(told).toEqual([]);
    slow.leave();
    expect(told).toEqual(["emptied"]);
  });

  test("that fails, at once or later, ends the connection with the system's word for it", () => {
    const broken = -32;
    const atOnce = new FakeHandle();
    atOnce.status = broken;
    const first = outlet(atOnce);
    first.out.write(octets);
    const late = new FakeHandle();
    late.keeps = true;
    const second = outlet(late);
    second.out.write(octets);
    second.out.write(octets);
    late.leave(broken);
    late.leave(broken);
    expect([first.told, second.told]).toEqual([["write EPIPE"], ["write EPIPE"]]);
    expect(late.requests).not.toContain(atOnce.requests[0]);
  });
});
