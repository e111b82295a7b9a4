// @carteiro/node: SMTP servers and clients on Node's sockets.

export { accept, disconnect, reject } from "@carteiro/driver";
export { createServer, NodeServer, type ListenOptions, type NodeServerOptions } from "./server.ts";
export { connect, createPool, type ConnectOptions } from "./client.ts";
export { nodeTransport, secureNodeTransport, type NodeTransportOptions } from "./transport.ts";
export { clientTls, serverTls } from "./tls.ts";
export type { ClientTlsOptions, KeyPair, Pem, ServerTlsOptions, Tls, Upgrade } from "./tls.ts";
