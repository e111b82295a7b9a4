// Whether chunks may be on their way that the client sent before it knew that their transaction came to nothing: these are
// refused, but are no errors of its own (RFC 3030 §4.2 lets it send them ahead).

import type { Verb } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Occurrence } from "./occurrence.ts";

export class SentAhead {
  #possible = false;

  /** A MAIL, RCPT or content has been refused since the last transaction that was opened, completed or reset. */
  get possible(): boolean {
    return this.#possible;
  }

  /** A command has been answered, other than with what becomes of content. */
  commandAnswered(verb: Verb | undefined, { code }: Reply, cause: Occurrence["type"]): void {
    if (cause === "chunkDiscarded") return;
    const refused = code >= 400;
    if (refused) this.#possible ||= verb === "MAIL" || verb === "RCPT" || cause === "malformed";
    else if (verb === "MAIL" || verb === "RSET" || verb === "EHLO" || verb === "HELO" || verb === "LHLO")
      this.#possible = false;
  }

  contentAnswered({ code }: Reply): void {
    this.#possible = code >= 400;
  }
}
