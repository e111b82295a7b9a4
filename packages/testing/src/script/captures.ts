// The names of what a dialogue keeps, found by the compiler in its text.

import type { DialogueSource, InTurn } from "./dialogue.ts";
import type { Expectation } from "./expected.ts";

type NameIn<Inside extends string> = Inside extends `${infer Name}=${string}`
  ? Name
  : Inside extends `${infer Name}**`
    ? Name
    : Inside extends `${string}|${string}`
      ? never
      : Inside;

/** The names in braces; what stands behind a backslash is a repetition. */
type NamesIn<Text extends string> = Text extends `${infer Before}{${infer Inside}}${infer Rest}`
  ? (Before extends `${string}\\` ? never : NameIn<Inside>) | NamesIn<Rest>
  : never;

type TextCaptures<Text extends string> = string extends Text
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Text>]: string };

type Named<Part> = Extract<Part, Expectation<string>>;

type ValueCaptures<Part> = {
  readonly [Name in Named<Part>["name"]]: Extract<Part, { readonly name: Name }> extends Expectation<Name, infer Value>
    ? Value
    : never;
};

type All<Union> = (Union extends unknown ? (member: Union) => void : never) extends (member: infer Every) => void
  ? Every
  : never;

/** What is kept of a dialogue: texts by the names in its braces, and values by the names of its expectations. */
export type CapturesOf<Source extends DialogueSource | InTurn> = Source extends string
  ? TextCaptures<Source>
  : Source extends readonly unknown[]
    ? TextCaptures<Extract<Source[number], string>> & ValueCaptures<Source[number]>
    : Source extends InTurn<infer Sources>
      ? All<Sources[number] extends infer One ? (One extends DialogueSource ? CapturesOf<One> : never) : never>
      : Readonly<Record<string, unknown>>;
