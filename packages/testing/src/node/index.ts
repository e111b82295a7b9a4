// @carteiro/testing/node: what of the test kit needs Node: files, and real ports.

export { recordInto, recordTo } from "./recordings.ts";
export { PortInbox, testServer, type TestServerOptions } from "./test-server.ts";
