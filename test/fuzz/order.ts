// The order of a session as the wire shows it, by a model that knows no chart: nothing is accepted of which what must come
// before was refused, abandoned or forgotten.

import assert from "node:assert/strict";
import { verbOf, type Turn } from "../support/wire.ts";

/** Throws where a turn was answered as it must not have been. */
export function expectOrder(turns: readonly Turn[]): void {
  const model = new Model();
  for (const turn of turns) model.follow(turn);
}

const unknown = [500, 501, 502, 503];

class Model {
  #hello = false;
  /** Recipients of the open transaction; `undefined`: none is open. */
  #recipients: number | undefined;

  follow(turn: Turn): void {
    if (turn.kind === "content") this.#recipients = undefined;
    if (turn.kind !== "command") return;
    const { code } = turn.reply;
    if (code < 400) this.#accepted(turn);
    else if (!unknown.includes(code)) this.#refused(turn);
  }

  #accepted({ text }: Turn): void {
    switch (verbOf(text)) {
      case "EHLO":
      case "HELO":
      case "LHLO":
        this.#hello = true;
        this.#recipients = undefined;
        return;
      case "RSET":
        this.#recipients = undefined;
        return;
      case "STARTTLS":
      case "XCLIENT":
        this.#hello = false;
        this.#recipients = undefined;
        return;
      case "MAIL":
        assert.ok(this.#hello, `${text} before EHLO`);
        assert.equal(this.#recipients, undefined, `${text} within a transaction`);
        this.#recipients = 0;
        return;
      case "RCPT":
        assert.notEqual(this.#recipients, undefined, `${text} without MAIL`);
        this.#recipients = (this.#recipients ?? 0) + 1;
        return;
      case "DATA":
      case "BDAT":
      case "BURL":
        assert.ok((this.#recipients ?? 0) > 0, `${text} without a recipient`);
        if (/\sLAST\s*$/i.test(text)) this.#recipients = undefined;
    }
  }

  /** Refused content takes the transaction with it. */
  #refused({ text }: Turn): void {
    const isContent = ["DATA", "BDAT", "BURL"].includes(verbOf(text));
    if (isContent && (this.#recipients ?? 0) > 0) this.#recipients = undefined;
  }
}
