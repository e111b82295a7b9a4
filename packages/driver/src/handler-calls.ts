// Which handler is called for which question, and with what.

import type { ServerDecision } from "@carteiro/core";
import type { CommandHandler } from "./commands.ts";
import type { MessageAnswer, ReferenceAnswer } from "./decisions.ts";
import type { ServerOptions } from "./server-options.ts";
import type { StepContext } from "./step-context.ts";

export interface HandlerContext {
  readonly options: ServerOptions;
  readonly commands: ReadonlyMap<string, CommandHandler>;
}

/** What handlers answer, at whichever step. */
export type HandlerAnswer =
  | Awaited<MessageAnswer | ReferenceAnswer>
  | Promise<Awaited<MessageAnswer | ReferenceAnswer>>;

/** Credentials are not for handlers alone (see credentials.ts). */
type HandledDecision = Exclude<ServerDecision, { readonly type: "authenticationReceived" }>;

/** Calls the handler, if there is one; `onMessage` is called when the content begins, and not from here. */
export function callHandler(context: HandlerContext, event: HandledDecision, step: StepContext): HandlerAnswer {
  const { options } = context;
  switch (event.type) {
    case "connectionReceived":
      return options.onConnection?.(step);
    case "helloReceived":
      return options.onHello?.(Object.assign(step, { name: event.name, extended: event.extended }));
    case "startTlsReceived":
      return options.onStartTls?.(step);
    case "verifyReceived":
      return options.onVerify?.(Object.assign(step, { argument: event.argument }));
    case "expandReceived":
      return options.onExpand?.(Object.assign(step, { argument: event.argument }));
    case "helpReceived":
      return options.onHelp?.(Object.assign(step, { argument: event.argument }));
    case "resetReceived":
      return options.onReset?.(step);
    case "commandReceived": {
      const { verb, value, argument, envelope } = event;
      const details = { verb, value, argument, ...(envelope && { envelope }) };
      return context.commands.get(verb)?.(Object.assign(step, details));
    }
    default:
      return callInTransaction(options, event, step);
  }
}

type TransactionDecision = Extract<
  ServerDecision,
  { readonly type: "mailReceived" | "recipientReceived" | "dataReceived" | "referenceReceived" | "messageReceived" }
>;

function callInTransaction(options: ServerOptions, event: TransactionDecision, step: StepContext): HandlerAnswer {
  switch (event.type) {
    case "mailReceived":
      return options.onMail?.(Object.assign(step, { reversePath: event.reversePath, parameters: event.parameters }));
    case "recipientReceived": {
      const { recipient, parameters, envelope } = event;
      return options.onRecipient?.(Object.assign(step, { recipient, parameters, envelope }));
    }
    case "dataReceived":
      return options.onData?.(Object.assign(step, { envelope: event.envelope }));
    case "referenceReceived": {
      const { url, last, envelope } = event;
      return options.onReference?.(Object.assign(step, { url, last, envelope }));
    }
    case "messageReceived":
      return undefined;
  }
}
