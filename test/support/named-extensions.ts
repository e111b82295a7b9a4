// Extensions as transcripts name them in their options: `"DSN"`, or `{"DELIVERBY": {"minimum": 60}}`.

import {
  binaryMime,
  burl,
  defineExtension,
  deliverBy,
  dsn,
  etrn,
  futureRelease,
  mtPriority,
  noSoliciting,
  prdr,
  requireTls,
  rrvs,
  xclient,
  xforward,
  type DeliverByLimits,
  type Extension,
  type FutureReleaseLimits,
  type PriorityPolicy,
} from "@carteiro/core";
import { storage } from "../examples/storage-extension.ts";

/** One whose code has a mistake. */
const broken = defineExtension({
  keyword: "XBROKEN",
  verbs: {
    XBREAK: {
      phases: ["betweenTransactions"],
      read() {
        throw new Error("a mistake");
      },
    },
  },
});

const makers: Readonly<Record<string, (given: unknown) => Extension>> = {
  BINARYMIME: () => binaryMime,
  BURL: (given) => burl(given as readonly string[] | undefined),
  DELIVERBY: (given) => deliverBy(given as DeliverByLimits | undefined),
  DSN: () => dsn,
  ETRN: () => etrn,
  FUTURERELEASE: (given) => futureRelease(given as FutureReleaseLimits),
  "MT-PRIORITY": (given) => mtPriority(given as PriorityPolicy | undefined),
  "NO-SOLICITING": (given) => noSoliciting(given as readonly string[] | undefined),
  PRDR: () => prdr,
  REQUIRETLS: () => requireTls,
  RRVS: () => rrvs,
  XBROKEN: () => broken,
  XCLIENT: () => xclient,
  XFORWARD: () => xforward,
  XSTORAGE: () => storage,
};

/** Throws for a name that is not known. */
export function namedExtensions(names: unknown): readonly Extension[] {
  if (names === undefined) return [];
  if (!Array.isArray(names)) throw new Error("extensions are a list");
  return names.map((given: unknown) => {
    const [name, value]: readonly [string, unknown] =
      typeof given === "string" ? [given, undefined] : (Object.entries(Object(given))[0] ?? ["", undefined]);
    const make = makers[name];
    if (make === undefined) throw new Error(`no such extension: ${name}`);
    return make(value);
  });
}
