// Options as they come from JSON or from code without types: what is misspelt is refused, never taken for something weaker.

import {
  clientProfile,
  defaultClientLimits,
  defaultClientTimeouts,
  defaultServerLimits,
  defaultServerTimeouts,
  InvalidValueError,
  serverProfile,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const client = (options: object) => clientProfile({ hostname: "a.example", ...options });
const server = (options: object) => serverProfile({ hostname: "a.example", ...options });
const sides = [
  ["client", client, defaultClientLimits, defaultClientTimeouts],
  ["server", server, defaultServerLimits, defaultServerTimeouts],
] as const;

const words: readonly (readonly [typeof client | typeof server, string, readonly string[]])[] = [
  [client, "tls", ["required", "opportunistic", "never"]],
  [client, "protocol", ["smtp", "lmtp"]],
  [client, "bareNewlines", ["normalise", "reject"]],
  [server, "protocol", ["smtp", "lmtp"]],
  [server, "bareNewlines", ["reject", "normalise"]],
];

describe("options that are words", () => {
  test.each(words)("%o takes for %s only %j", (make, name, choices) => {
    for (const choice of choices) expect(() => make({ [name]: choice })).not.toThrow();
    expect(() => make({ [name]: undefined })).not.toThrow();
    const others = fc.oneof(
      fc.constantFrom(...choices.map((choice) => choice.toUpperCase()), "pass", "require", "", null, true, 1, choices),
      fc.string().filter((text) => !choices.includes(text)),
    );
    fc.assert(
      fc.property(others, (value) => {
        expect(() => make({ [name]: value })).toThrow(InvalidValueError);
        expect(() => make({ [name]: value })).toThrow(`Pass ${choices.join(" or ")}.`);
      }),
    );
  });

  test("the error names the option, the value and the choices", () => {
    expect(() => client({ tls: "Required" })).toThrow(
      'tls "Required": There is no such choice. Pass required or opportunistic or never.',
    );
  });
});

const switches: readonly (readonly [typeof client | typeof server, string, (value: unknown) => object])[] = [
  ...["allowAuthInClear", "pipelining", "chunking", "trace"].map(
    (name) => [client, name, (value: unknown) => ({ [name]: value })] as const,
  ),
  ...["chunking", "startTls", "requireTls", "strictPipelining", "trace"].map(
    (name) => [server, name, (value: unknown) => ({ [name]: value })] as const,
  ),
  ...["required", "allowInClear"].map(
    (name) => [server, `authentication.${name}`, (value: unknown) => ({ authentication: { [name]: value } })] as const,
  ),
];

describe("options that are switches", () => {
  test.each(switches)("%o takes for %s only a boolean", (make, name, given) => {
    for (const value of [true, false, undefined]) expect(() => make(given(value))).not.toThrow();
    for (const value of ["false", "true", "", 0, 1, null, []]) {
      expect(() => make(given(value))).toThrow(InvalidValueError);
      expect(() => make(given(value))).toThrow(new RegExp(`^${name.replace(".", "\\.")} .*Pass true or false\\.$`));
    }
  });
});

describe("limits and timeouts", () => {
  test.each(sides)("%s takes undefined for not given", (_, make, limits, timeouts) => {
    const none = (defaults: object) => Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]));
    const profile = make({ limits: none(limits), timeouts: none(timeouts) });
    expect([profile.limits, profile.timeouts]).toEqual([limits, timeouts]);
    expect(make({ limits: undefined, timeouts: undefined }).limits).toEqual(limits);
  });

  test.each(sides)("%s refuses a name that it does not know, and says which it knows", (_, make, limits, timeouts) => {
    expect(() => make({ timeouts: { comand: 5 } })).toThrow(RangeError);
    expect(() => make({ timeouts: { comand: 5 } })).toThrow(
      `timeouts.comand is not known: known are ${Object.keys(timeouts).join(", ")}`,
    );
    expect(() => make({ limits: { toString: undefined } })).toThrow(
      `limits.toString is not known: known are ${Object.keys(limits).join(", ")}`,
    );
  });

  test.each(sides)("%s refuses fractions of what is counted, and text", (_, make, limits, timeouts) => {
    for (const name of Object.keys(limits)) {
      const inPart = () => make({ limits: { [name]: 1.5 } });
      if (name === "contentRate" || name === "messageSize") expect(inPart).not.toThrow();
      else expect(inPart).toThrow(`limits.${name} is 1.5: give a whole number`);
      expect(() => make({ limits: { [name]: "5" } })).toThrow(RangeError);
      expect(() => make({ limits: { [name]: Infinity } })).not.toThrow();
    }
    for (const name of Object.keys(timeouts)) {
      expect(() => make({ timeouts: { [name]: 0.5 } })).not.toThrow();
      expect(() => make({ timeouts: { [name]: "5" } })).toThrow(RangeError);
    }
  });
});

describe("bounds on iterations", () => {
  test("client takes each of them by itself, and refuses such as make no sense", () => {
    expect(client({ iterations: { maximum: 5_000 } }).iterations).toEqual({ minimum: 4_096, maximum: 5_000 });
    expect(client({ iterations: { minimum: undefined } }).iterations).toEqual({ minimum: 4_096, maximum: 1_000_000 });
    for (const iterations of [
      { minimum: 5, maximum: 4 },
      { maximum: 100 },
      { minimum: 0 },
      { minimum: 1.5 },
      { min: 1 },
    ])
      expect(() => client({ iterations })).toThrow(RangeError);
  });
});
