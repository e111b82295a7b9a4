// A DNS of a test's own, that keeps what it was asked.

import type { Resolver } from "@carteiro/driver";

export type Records = Readonly<Record<string, readonly string[] | Error | "never">>;

export interface StubResolver extends Resolver {
  /** Each question, for example `PTR 192.0.2.1` or `A mx.example.org`. */
  readonly asked: string[];
  /** Those of them that were given up. */
  readonly givenUp: string[];
}

/** Answers by the question; what is not listed does not exist, an error is thrown, and `never` is not answered. */
export function stubResolver(records: Records): StubResolver {
  const asked: string[] = [];
  const givenUp: string[] = [];
  const answer = (question: string, signal: AbortSignal): Promise<readonly string[]> => {
    asked.push(question);
    const found = records[question] ?? [];
    if (found instanceof Error) return Promise.reject(found);
    if (found !== "never") return Promise.resolve(found);
    return new Promise(() => signal.addEventListener("abort", () => givenUp.push(question)));
  };
  return {
    asked,
    givenUp,
    reverse: (address, signal) => answer(`PTR ${address}`, signal),
    addresses: (name, family, signal) => answer(`${family === 4 ? "A" : "AAAA"} ${name}`, signal),
  };
}
