// An extension that nobody has but these tests, as an application would write one: it uses public names alone.
// The same definition serves the server, which announces and reads it, and the client, which sends it.

import { defineExtension, formatXtext, parameter, parseXtext, reply, type Reply } from "@carteiro/node";

/** MAIL's parameter XRETAIN: days to keep the message, 1 to 999. */
export const retain = parameter<number>({
  keyword: "XRETAIN",
  parse(value) {
    const days = Number(value);
    return String(days) === value && Number.isInteger(days) && days >= 1 && days <= 999 ? days : undefined;
  },
  format: (days) => String(days),
});

/** RCPT's parameter XFOLDER: the folder to file the message into. */
export const folder = parameter<string>({
  keyword: "XFOLDER",
  parse(value) {
    const text = value === undefined ? undefined : parseXtext(value);
    return text?.ok === true && text.value !== "" ? text.value : undefined;
  },
  format: formatXtext,
});

/** What XQUOTA asks for: the room that is left in a mailbox. */
export interface QuotaRequest {
  readonly user: string;
}

/** `XSTORAGE KIB` in EHLO's reply, the two parameters, and the verb `XQUOTA user`. */
export const storage = defineExtension({
  keyword: "XSTORAGE",
  keywordParameters: ["KIB"],
  mail: [retain],
  recipient: [folder],
  verbs: {
    XQUOTA: {
      phases: ["betweenTransactions", "inTransaction"],
      read(argument): { readonly value: QuotaRequest } | { readonly refused: Reply } {
        if (argument === "" || argument.includes(" ")) return { refused: reply(501, "5.5.4", "XQUOTA takes a user") };
        return { value: { user: argument } };
      },
    },
  },
});
