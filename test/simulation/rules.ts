// Faults by rule, drawn for simulations.

import {
  command,
  content,
  contentEnd,
  corrupt,
  delay,
  disconnect421,
  dribble,
  drop,
  duplicate,
  garbage,
  greeting,
  halfClose,
  on,
  received,
  recipient,
  reply,
  reset,
  sent,
  stall,
  state,
  tls,
  tlsFailure,
  type FaultRule,
  type Random,
  type Scope,
  type What,
  type When,
} from "@carteiro/testing";

/** @param garbles whether what is said may become something else. */
export function drawnRule(random: Random, garbles: boolean): FaultRule {
  const when = drawnWhen(random);
  if (when.at === "tls") return on(when, random.pick([tlsFailure(), delay(700), stall()]));
  const what = garbles && random.once(2) ? drawnGarbling(random) : drawnWhat(random, when);
  return on(when, ...(random.once(4) ? [delay(random.pick([5, 3_000, 400_000]))] : []), what);
}

export function garbles({ what }: FaultRule): boolean {
  return what.some((one) => ["garbage", "corrupt", "duplicate"].includes(one.do));
}

function drawnWhen(random: Random): When {
  const scope: Scope = {
    ...(random.once(2) && { connection: random.pick([1, 2, { every: 2 }]) }),
    ...(random.once(2) && { times: 1 + random.below(2) }),
  };
  const verbs = ["EHLO", "MAIL", "RCPT", "DATA", "BDAT", "AUTH", "STARTTLS", "RSET", "QUIT"];
  switch (random.below(9)) {
    case 0:
      return greeting(scope);
    case 1:
      return recipient(1 + random.below(3), scope);
    case 2:
      return content(random.below(300), { ...scope, by: "client" });
    case 3:
      return contentEnd(scope);
    case 4:
      return sent(random.below(700), scope);
    case 5:
      return received(random.below(700), scope);
    case 6:
      return state(random.pick(["decidingRecipient", "receivingContent", "decidingMessage", "expectingMail"]), scope);
    case 7:
      return tls(scope);
    default:
      return command(random.pick(verbs), { ...scope, ...(random.once(2) && { nth: 1 + random.below(3) }) });
  }
}

/** What can be believed: no reply says yes that is none. */
function drawnWhat(random: Random, { at }: When): What {
  const octets = random.once(2) ? 0 : random.below(60);
  const all = [
    delay(2_000),
    dribble(1 + random.below(9), random.pick([1, 500])),
    drop(octets),
    reset(octets),
    halfClose(octets),
    stall(octets),
  ];
  const answers = [reply(451, "4.3.0", "Later"), reply(550, "5.7.1"), reply(421, "4.3.2"), disconnect421()];
  return random.pick(["command", "recipient", "contentEnd", "greeting"].includes(at) ? [...all, ...answers] : all);
}

function drawnGarbling(random: Random): What {
  return random.pick([garbage(1 + random.below(90)), corrupt(1 + random.below(3)), duplicate()]);
}
