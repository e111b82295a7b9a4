// The names of what a dialogue keeps, found by the compiler in its text.

import type { DialogueSource, InTurn } from "./dialogue.ts";
import type { Expectation } from "./expected.ts";

/** The name in a pair of braces; none where they have words to choose from. */
export type NameInBraces<Inside extends string> = Inside extends `${infer Name}=${string}`
  ? Name
  : Inside extends `${infer Name}**`
    ? Name
    : Inside extends `${string}|${string}`
      ? never
      : Inside;

/** The names in a text's braces; what stands behind a backslash is a repetition. */
export type NamesInText<Text extends string> = Text extends `${infer Before}{${infer Inside}}${infer Rest}`
  ? (Before extends `${string}\\` ? never : NameInBraces<Inside>) | NamesInText<Rest>
  : never;

/** What a text keeps. */
export type TextCaptures<Text extends string> = string extends Text
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesInText<Text>]: string };

/** What expectations keep. */
export type ValueCaptures<Part> = {
  readonly [Name in Extract<Part, Expectation<string>>["name"]]: Extract<
    Part,
    { readonly name: Name }
  > extends Expectation<Name, infer Value>
    ? Value
    : never;
};

/** All that is kept by any of several. */
export type AllCaptures<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  member: infer Every,
) => void
  ? Every
  : never;

/** What is kept of a dialogue: texts by the names in its braces, and values by the names of its expectations. */
export type CapturesOf<Source extends DialogueSource | InTurn> = Source extends string
  ? TextCaptures<Source>
  : Source extends readonly unknown[]
    ? TextCaptures<Extract<Source[number], string>> & ValueCaptures<Source[number]>
    : Source extends InTurn<infer Sources>
      ? AllCaptures<Sources[number] extends infer One ? (One extends DialogueSource ? CapturesOf<One> : never) : never>
      : Readonly<Record<string, unknown>>;
