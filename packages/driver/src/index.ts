export type { Transport } from "./transport.ts";
export { systemClock, type Clock } from "./clock.ts";
