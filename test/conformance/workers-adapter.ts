// The suite's runtime by @carteiro/workers, inside of workerd. A worker cannot listen: workerd listens on ports given beforehand,
// and what connects to one goes to the server that the present case has put there.

import { connect, features, smtpHandler, socketTransport, type WorkersSocket } from "@carteiro/workers";
import type { ServerEvents } from "@carteiro/driver";
import { connect as openSocket } from "cloudflare:sockets";
import { pause } from "./expectations.ts";
import { transportPeer } from "./transport-peer.ts";
import type { CertificateName, ConformanceAdapter, RawPeer } from "./adapter.ts";

const host = "localhost";

/** Of the ports that a test may ask for: in the clear, or by a certificate and how TLS begins. */
export type PortName = `plain${number}` | `${CertificateName}-${"startTls" | "implicit"}`;
export type Ports = Readonly<Partial<Record<PortName, number>>>;

interface Tenant {
  readonly serve: (socket: WorkersSocket) => Promise<void>;
  readonly open: Set<WorkersSocket>;
  /** Each connection's own request looks at it, since no other may touch its socket, or wake it up once it is over itself. */
  hasLeft: boolean;
}

/** By port. */
const tenants = new Map<number, Tenant>();

/** Hands a connection to whoever has its port. */
export async function handOver(socket: WorkersSocket): Promise<void> {
  const { localAddress = "" } = await socket.opened;
  const tenant = tenants.get(Number(localAddress.slice(localAddress.lastIndexOf(":") + 1)));
  if (tenant === undefined) return;
  tenant.open.add(socket);
  // To return closes the connection, whatever is still under way.
  await Promise.race([tenant.serve(socket).catch(() => undefined), left(tenant)]);
  tenant.open.delete(socket);
}

async function left(tenant: Tenant): Promise<void> {
  while (!tenant.hasLeft) await pause(20);
}

export function workersAdapter(ports: Ports, gaps: Readonly<Record<string, string>>): ConformanceAdapter<number> {
  return {
    features,
    gaps,
    mostBuffered: 16 * 2 ** 20,
    async serve({ options, certificate, implicitTls = false }) {
      const handler = smtpHandler({ ...options, implicitTls });
      const name = certificate && (`${certificate}-${implicitTls ? "implicit" : "startTls"}` as const);
      const { port, tenant, end } = take(ports, name, handler.connect);
      return {
        place: port,
        server: {
          on: <Name extends keyof ServerEvents>(event: Name, listener: (told: ServerEvents[Name]) => void) =>
            handler.on(event, listener),
          get connections() {
            return tenant.open.size;
          },
          close: end,
          destroy: end,
        },
      };
    },
    connect: (port, { unverified: _, ...options } = {}) => connect({ ...options, host, port }),
    async rawClient(port) {
      const socket: WorkersSocket = openSocket({ hostname: host, port }, { allowHalfOpen: true });
      socket.closed.catch(() => undefined);
      await socket.opened;
      return transportPeer(socketTransport(socket));
    },
    async rawServer(script: (peer: RawPeer) => Promise<void>) {
      const serve = async (socket: WorkersSocket): Promise<void> => {
        socket.closed.catch(() => undefined);
        const peer = transportPeer(socketTransport(socket));
        await script(peer).finally(() => peer.close());
      };
      const { port, end } = take(ports, undefined, serve);
      return { place: port, close: end };
    },
  };
}

/** Puts a tenant on a free port of the kind. `end` settles once its connections are gone, and the port is free again. */
function take(ports: Ports, name: PortName | undefined, serve: Tenant["serve"]) {
  const fitting = Object.entries(ports).filter(([each]) =>
    name === undefined ? each.startsWith("plain") : each === name,
  );
  const port = fitting.map(([, each]) => each ?? 0).find((each) => !tenants.has(each));
  if (port === undefined) throw new Error(`No port is free for a server ${name ?? "in the clear"}`);
  const tenant: Tenant = { serve, open: new Set(), hasLeft: false };
  tenants.set(port, tenant);
  const end = async (): Promise<void> => {
    tenant.hasLeft = true;
    while (tenant.open.size > 0) await pause(5);
    tenants.delete(port);
  };
  return { port, tenant, end };
}
