// Every second simulation: see seeds.ts.

import { test } from "vitest";
import { everySecond, simulations } from "./seeds.ts";

test(
  `client and server tell the truth in every second of ${simulations} worlds, and leave nothing behind`,
  { timeout: 900_000 },
  () => everySecond(1),
);
