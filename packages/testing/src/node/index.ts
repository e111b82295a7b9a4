// @carteiro/testing/node: what of the test kit needs Node: files, and real ports.

export { recordInto, recordTo } from "./recordings.ts";
export { PortInbox, testServer, type TestServerOptions } from "./test-server.ts";
export { Inbox, type InboxOptions, type Within } from "../inbox/inbox.ts";
export type { InboxMessage, MessageAddress, MessageAttachment, MessageHeaders } from "../inbox/inbox-message.ts";
export type { TextWanted, Wanted } from "../inbox/wanted.ts";
export type { RecordOptions } from "../recording/record.ts";
