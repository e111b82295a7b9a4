// What the extensions that an application lists mean to its client: parameters and verbs of theirs are sent to servers that
// offer the extension, and to no others. Made once, for all sessions.

import type { Extension } from "../extensions/extension.ts";
import { refuseTwins } from "../extensions/twins.ts";
import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import { commandArgument } from "../grammar/command-argument.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import type { EsmtpParameters } from "../grammar/parameters.ts";
import { upperWord } from "../grammar/printable.ts";
import { isAsciiText } from "../grammar/text.ts";
import { LocalProtocolError } from "../session.ts";

type ParameterPlace = "MAIL" | "RCPT";

export class ClientRegistry {
  /** EHLO keywords by the name of what they bring. */
  readonly #parameters: Readonly<Record<ParameterPlace, ReadonlyMap<string, string>>>;
  readonly #verbs: ReadonlyMap<string, { readonly keyword: string; readonly isPossible: boolean }>;

  /** Throws `InvalidValueError` where two extensions have a name in common. */
  constructor(extensions: readonly Extension[]) {
    refuseTwins(extensions);
    const owners = (names: (extension: Extension) => object | undefined) =>
      new Map(
        extensions.flatMap((each) => Object.keys(names(each) ?? {}).map((name) => [name, each.keyword] as const)),
      );
    this.#parameters = {
      MAIL: owners(({ mailParameters }) => mailParameters),
      RCPT: owners(({ recipientParameters }) => recipientParameters),
    };
    this.#verbs = new Map(
      extensions.flatMap(({ keyword, verbs = {} }) =>
        Object.entries(verbs).map(
          ([verb, { phases }]) => [verb, { keyword, isPossible: phases.includes("betweenTransactions") }] as const,
        ),
      ),
    );
  }

  /**
   * Throws `LocalProtocolError` for a parameter of a listed extension that is not offered, or that belongs to the other
   * command. Of other parameters nothing is known.
   */
  check(place: "MAIL" | "RCPT", parameters: EsmtpParameters, capabilities: Capabilities): void {
    for (const { keyword } of parameters) {
      const owner = this.#parameters[place].get(keyword);
      if (owner !== undefined) mustBeOffered(keyword, owner, capabilities);
      else if (this.#parameters[place === "MAIL" ? "RCPT" : "MAIL"].has(keyword)) {
        throw new LocalProtocolError(`${keyword} is no parameter of ${place}`);
      }
    }
  }

  /**
   * The line of a command. Throws `LocalProtocolError` for a verb of no listed extension, one that may not come between
   * transactions, and one whose extension is not offered; `InvalidValueError` for an argument that cannot stand in one line.
   */
  command(verb: string, argument: string, capabilities: Capabilities): string {
    const name = upperWord(verb) ?? "";
    const known = this.#verbs.get(name);
    if (known === undefined) throw new LocalProtocolError(`${shown(verb)} is no verb of the extensions listed`);
    if (!known.isPossible) throw new LocalProtocolError(`${name} may not come between transactions`);
    mustBeOffered(name, known.keyword, capabilities);
    if (argument === "") return name;
    if (isAsciiText(argument)) return `${name} ${commandArgument(argument)}`;
    throw new InvalidValueError(`Argument ${shown(argument)}`, "It is not ASCII", "Encode it as the extension says");
  }
}

function mustBeOffered(name: string, keyword: string, capabilities: Capabilities): void {
  if (findCapability(capabilities, keyword) !== undefined) return;
  throw new LocalProtocolError(`${name}: the server does not offer ${keyword}`);
}
