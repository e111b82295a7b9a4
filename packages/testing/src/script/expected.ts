// Expectations as values: a command, a reply or content as it is understood, where its text would say too much or too little.

import {
  findParameter,
  mailbox,
  parseCommand,
  type Command,
  type EsmtpParameters,
  type Reply,
  type Verb,
} from "@carteiro/core";
import { octetsOf } from "../recording/json.ts";
import { readableText } from "./pattern.ts";

/** What is read before it is judged. */
export type Reads = "line" | "reply" | "content";

/** What was heard: a line without its end, a reply, content without its dots. */
export interface Heard {
  readonly line: string;
  readonly reply: Reply;
  readonly content: string;
}

/** The value that an expectation found, or why it is not as expected. */
export type Judgement<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string; readonly cause?: unknown };

/** One step of a dialogue, made by `expected`. */
export class Expectation<Name extends string | undefined = undefined, Value = unknown> {
  readonly by: "client" | "server";
  /** As it is shown where it is not met. */
  readonly text: string;
  readonly reads: Reads;
  /** What its value is called among the captures. */
  readonly name: Name;
  readonly judge: (heard: Heard) => Judgement<Value>;

  constructor(
    { by, text, reads, name }: Pick<Expectation<Name>, "by" | "text" | "reads" | "name">,
    judge: (heard: Heard) => Judgement<Value>,
  ) {
    this.by = by;
    this.text = text;
    this.reads = reads;
    this.name = name;
    this.judge = judge;
  }

  /** The same; what it finds is in the captures by this name. */
  as<Given extends string>(name: Given): Expectation<Given, Value> {
    const { by, text, reads, judge } = this;
    return new Expectation<Given, Value>({ by, text, reads, name }, judge);
  }
}

/** Says whether it is as expected: `false`, or an error thrown, for instance by your runner's own assertions, says no. */
export type Check<Value> = (value: Value) => boolean | void;

/** An address as it is compared, whatever the spelling; or a check of it. Empty: the null reverse-path, `<>`. */
export type AddressWanted = string | Check<string>;

export interface ParametersWanted {
  /** By keyword: a value as it stands on the wire, `true` for any or none, `false` where the parameter must not be there. */
  readonly parameters?: Readonly<Record<string, string | boolean>>;
}

export interface MailWanted extends ParametersWanted {
  readonly from?: AddressWanted;
  /** What SIZE says. */
  readonly size?: number;
}

/** A command as the engine's parser gives it, by its verb. */
export type CommandOf<Name extends Verb> = Extract<Command, { readonly verb: Name }>;

export interface ReplyWanted {
  readonly code?: number;
  readonly enhanced?: string;
  /** Its lines, divided by `\n`, without codes; or a check of them. */
  readonly text?: string | Check<string>;
}

/** Steps for dialogues that look at what was meant and not at how it was written. Each stands where a line could stand. */
export const expected = {
  /** MAIL, its address and parameters. Throws `InvalidValueError` for an address that is none. */
  mail({ from, size, parameters }: MailWanted = {}): Expectation<undefined, CommandOf<"MAIL">> {
    const isFrom = addressCheck(from);
    const wanted = { ...parameters, ...(size !== undefined && { SIZE: String(size) }) };
    return command("MAIL", described("MAIL", from, wanted), ({ reversePath, parameters: given }) =>
      firstProblem(isFrom(reversePath?.address ?? ""), parameterProblem(given, wanted)),
    );
  },

  /** RCPT, its address and parameters. Throws `InvalidValueError` for an address that is none. */
  rcpt(to?: AddressWanted, { parameters = {} }: ParametersWanted = {}): Expectation<undefined, CommandOf<"RCPT">> {
    const isTo = addressCheck(to);
    return command("RCPT", described("RCPT", to, parameters), ({ forwardPath, parameters: given }) =>
      firstProblem(isTo(forwardPath.address), parameterProblem(given, parameters)),
    );
  },

  /** EHLO, HELO or LHLO, by this name. */
  hello(name?: string): Expectation<undefined, CommandOf<"EHLO" | "HELO" | "LHLO">> {
    const text = name === undefined ? "a hello" : `a hello from ${name}`;
    return parsed<CommandOf<"EHLO" | "HELO" | "LHLO">>(text, (given) => {
      if (given.verb !== "EHLO" && given.verb !== "HELO" && given.verb !== "LHLO") return no("It is no hello");
      const isNamed = name === undefined || given.name.toLowerCase() === name.toLowerCase();
      return isNamed ? { ok: true, value: given } : no("The name is another");
    });
  },

  /** A command of this verb, as it was parsed. */
  command<const Name extends Verb>(
    verb: Name,
    check?: Check<CommandOf<Name>>,
  ): Expectation<undefined, CommandOf<Name>> {
    return command(verb, check === undefined ? verb : `${verb}, and a check`, (given) => problemOf(check, given));
  },

  /** Any line of the client's, and a check of its text. */
  line(check: Check<string>): Expectation<undefined, string> {
    return new Expectation(
      { by: "client", text: "C: a line, and a check", reads: "line", name: undefined },
      ({ line }) => judged(readableText(line), problemOf(check, readableText(line))),
    );
  },

  /**
   * The whole content behind DATA, with its lone dot, or of one BDAT: the text itself, without the dots of transparency, each
   * line with its CRLF; or a check of it.
   */
  content(wanted?: string | Check<string>): Expectation<undefined, string> {
    const text = typeof wanted === "string" ? "C: the content as it was given" : "C: content";
    return new Expectation({ by: "client", text, reads: "content", name: undefined }, ({ content }) => {
      const given = readableText(content);
      return judged(given, typeof wanted === "string" ? unlike(given, wanted) : problemOf(wanted, given));
    });
  },

  /** A whole reply, in however many lines: its code or more. */
  reply(wanted: number | ReplyWanted = {}): Expectation<undefined, Reply> {
    const { code, enhanced, text } = typeof wanted === "number" ? { code: wanted } : wanted;
    const shown = ["S: a reply", code, enhanced, typeof text === "string" ? text : undefined];
    return new Expectation(
      { by: "server", text: shown.filter((part) => part !== undefined).join(" "), reads: "reply", name: undefined },
      ({ reply }) => {
        const lines = reply.lines.join("\n");
        const problem = firstProblem(
          code !== undefined && reply.code !== code ? `The code is ${reply.code}` : undefined,
          enhanced !== undefined && reply.enhanced !== enhanced ? "The enhanced code is another" : undefined,
          typeof text === "string" ? unlike(lines, text) : problemOf(text, lines),
        );
        return judged(reply, problem);
      },
    );
  },
};

/** A problem in words, with the error that a check threw, if it did. */
interface Problem {
  readonly problem: string;
  readonly cause?: unknown;
}

type Found = string | Problem | undefined;

function judged<Value>(value: Value, problem: Found): Judgement<Value> {
  if (problem === undefined) return { ok: true, value };
  return typeof problem === "string" ? no(problem) : { ok: false, ...problem };
}

function no(problem: string): Judgement<never> {
  return { ok: false, problem };
}

function firstProblem(...problems: readonly Found[]): Found {
  return problems.find((problem) => problem !== undefined);
}

function problemOf<Value>(check: Check<Value> | undefined, value: Value): Found {
  try {
    return check?.(value) === false ? "The check said no" : undefined;
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

function command<const Name extends Verb>(
  verb: Name,
  text: string,
  problem: (given: CommandOf<Name>) => Found,
): Expectation<undefined, CommandOf<Name>> {
  return parsed(text, (given) => {
    if (!isOf(given, verb)) return no(`It is ${given.verb}`);
    return judged(given, problem(given));
  });
}

function isOf<Name extends Verb>(given: Command, verb: Name): given is CommandOf<Name> {
  return given.verb === verb;
}

/** A line, as core's parser understands it. */
function parsed<Value>(text: string, judge: (command: Command) => Judgement<Value>): Expectation<undefined, Value> {
  return new Expectation({ by: "client", text: `C: ${text}`, reads: "line", name: undefined }, ({ line }) => {
    const result = parseCommand(octetsOf(line), { smtputf8: true, utf8: true });
    if (result.kind === "malformed") return no(result.problem);
    return result.kind === "unrecognised" ? no("It is no command") : judge(result.command);
  });
}

function addressCheck(wanted: AddressWanted | undefined): (address: string) => Found {
  if (typeof wanted === "function") return (address) => problemOf(wanted, address);
  const address = wanted === undefined || wanted === "" ? wanted : mailbox(wanted).address;
  return (given) => (address === undefined || given === address ? undefined : `The address is <${given}>`);
}

function parameterProblem(given: EsmtpParameters, wanted: NonNullable<ParametersWanted["parameters"]>): Found {
  const wrong = Object.entries(wanted).find(([keyword, value]) => {
    const found = findParameter(given, keyword.toUpperCase());
    return typeof value === "string" ? found?.value !== value : (found !== undefined) !== value;
  });
  return wrong && `The parameter ${wrong[0].toUpperCase()} is not as expected`;
}

function described(verb: string, address: AddressWanted | undefined, parameters: object): string {
  const path = typeof address === "string" ? ` <${address}>` : "";
  const rest = Object.entries(parameters).map(([keyword, value]) => ` ${keyword}${value === true ? "" : `=${value}`}`);
  return `${verb}${path}${rest.join("")}`;
}

function unlike(given: string, wanted: string): Found {
  if (given === wanted) return undefined;
  let at = 0;
  while (given[at] === wanted[at]) at += 1;
  return `It differs from character ${at}: ${JSON.stringify(given.slice(at, at + 40))}, and not ${JSON.stringify(wanted.slice(at, at + 40))}`;
}
