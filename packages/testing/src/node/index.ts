// @carteiro/testing/node: what of the test kit needs Node: files, and real ports.

export { accept, disconnect, reject } from "@carteiro/driver";
export { recordInto, recordTo } from "./recordings.ts";
export { PortInbox, testServer, type TestServerOptions } from "./test-server.ts";
export { PortScriptedServer, scriptedServer, type ScriptedServerOptions } from "./scripted-server.ts";
export { PortScriptedClient, scriptedClient, type ScriptedClientOptions } from "./scripted-client.ts";
export type { PortOptions } from "./port.ts";
export { ScriptedPeer, type ScriptOptions, type ScriptResult } from "../script/peer.ts";
export { Dialogue, dialogue, DialogueError, InTurn, inTurn, type DialogueSource } from "../script/dialogue.ts";
export { expected, Expectation } from "../script/expected.ts";
export type { CapturesOf } from "../script/captures.ts";
export type { Captured } from "../script/hearing.ts";
export type { HearingLimits } from "../script/ear.ts";
export type { ConversationOptions, Mode } from "../script/conversation.ts";
export { ScriptError } from "../script/script-error.ts";
export { Inbox, InboxError, type InboxOptions, type Within } from "../inbox/inbox.ts";
export type { InboxMessage, MessageAddress, MessageAttachment, MessageHeaders } from "../inbox/inbox-message.ts";
export type { TextWanted, Wanted } from "../inbox/wanted.ts";
export type { RecordOptions } from "../recording/record.ts";
