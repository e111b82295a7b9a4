// What Node has beneath its sockets: a handle, which gives and takes octets without a stream. None of it is documented, and all of
// it is looked for before it is used: where it is missing, streams do the same.

import { Socket } from "node:net";
import { platform, versions } from "node:process";
import { getSystemErrorName } from "node:util";

export interface Handle {
  /** Whether it has been told to read: a note of whoever reads. */
  reading?: boolean;
  readonly bytesRead: number;
  /** Called for each read, and for the end and errors. */
  onread?: ((this: Handle, given: unknown) => unknown) | undefined;
  readStart(): number;
  readStop(): number;
  /** Each read puts its octets at the beginning of the buffer from now on. */
  useUserBuffer(buffer: Uint8Array): void;
  /** Sends at once what the system takes at once; where that is all, the request is not used. Gives 0, or an error's number. */
  writeBuffer(request: Request, bytes: Uint8Array): number;
  /** The same for several arrays: that there is nothing else among them is said by `areArrays`. */
  writev(request: Request, pieces: readonly Uint8Array[], areArrays: true): number;
  /** Ends our side, behind all that was written. Gives 0, or an error's number. */
  shutdown(request: Request): number;
  close(): void;
  // Those of TCP alone.
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, seconds: number): number;
  getpeername?(end: End): number;
  getsockname?(end: End): number;
}

/** What a handle is given to tell by how a write or the end went, where that takes time. */
export interface Request {
  oncomplete?: (status: number) => void;
  /** -1 as long as it is not used. */
  getAsyncId(): number;
  /** Kept from the collector meanwhile. */
  buffer?: Uint8Array | readonly Uint8Array[];
}

/** Filled in by the handle. */
export interface End {
  address?: string;
  port?: number;
}

interface Requests {
  readonly Write: new () => Request;
  readonly Shutdown: new () => Request;
}

/** Windows is given the buffer long before there is anything to read. Deno and Bun have other things beneath. */
const mayBeKnown = platform !== "win32" && versions["deno"] === undefined && versions["bun"] === undefined;

/** A socket's, where the way beneath is known and nothing else is on it. */
export function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: unknown };
  return mayBeKnown && socket.constructor === Socket && !socket.connecting && isKnown(handle) ? handle : undefined;
}

/** Whether it is all that is asked of a handle here. */
export function isKnown(handle: unknown): handle is Handle {
  if (!mayBeKnown || typeof handle !== "object" || handle === null) return false;
  const known = handle as Partial<Handle>;
  return (
    methods.every((name) => typeof known[name] === "function") &&
    typeof known.bytesRead === "number" &&
    (known.onread === undefined || typeof known.onread === "function") &&
    knownRequests() !== undefined
  );
}

const methods = ["useUserBuffer", "readStart", "readStop", "writeBuffer", "writev", "shutdown", "close"] as const;

/** Of a server of Node's: it waits for the connections that it counts before it says that it is closed. */
interface Counter {
  _connections: number;
  _emitCloseIfDrained(): void;
}

export function countsConnections(server: object): server is Counter {
  const { _connections, _emitCloseIfDrained } = server as Partial<Counter>;
  return typeof _connections === "number" && typeof _emitCloseIfDrained === "function";
}

/** A connection that a server has accepted, and of which no socket has been made. */
export class Accepted {
  readonly handle: Handle;
  readonly #server: Counter;
  /** Once there is one. */
  #socket: Socket | undefined;
  #isClosed = false;

  constructor(handle: Handle, server: Counter) {
    this.handle = handle;
    this.#server = server;
    server._connections += 1;
  }

  get destroyed(): boolean {
    return this.#socket?.destroyed ?? this.#isClosed;
  }

  /** A socket in its place, always the same one. It is made at rest, and from then on counts as the connection. */
  socket(): Socket {
    // By these its server learns that it is closed.
    const whose = { server: this.#server, _server: this.#server };
    return (this.#socket ??= Object.assign(socketOver(this.handle), whose));
  }

  /** Closes it at once, and gives whether a socket tells of that. */
  destroy(error?: Error): boolean {
    this.#socket?.destroy(error);
    if (this.#socket !== undefined) return true;
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.handle.close();
    this.#server._connections -= 1;
    this.#server._emitCloseIfDrained();
    return false;
  }
}

/** What befalls the socket before or after somebody else looks after it concerns nobody. */
function socketOver(handle: object): Socket {
  const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true };
  return new Socket(options).on("error", ignore);
}

function ignore(): void {}

let known: Requests | false | undefined;

/** For a write or for the end. Throws where no handle is known. */
export function newRequest(name: keyof Requests): Request {
  const all = knownRequests();
  if (all === undefined) throw new Error("What is beneath sockets is not known");
  return new all[name]();
}

/** Nobody gives them away but a socket, to its handle. */
function knownRequests(): Requests | undefined {
  known ??= learnt() ?? false;
  return known === false ? undefined : known;
}

function learnt(): Requests | undefined {
  let Write: unknown;
  let Shutdown: unknown;
  const handle = {
    readStart: () => 0,
    readStop: () => 0,
    writeBuffer: (request: object) => ((Write = request.constructor), 0),
    shutdown: (request: object) => ((Shutdown = request.constructor), 0),
    close: () => {},
  };
  try {
    const socket = socketOver(handle);
    socket._write(new Uint8Array(1), "buffer" as BufferEncoding, () => {});
    socket._final(() => {});
    socket.destroy();
  } catch {
    return undefined;
  }
  const isLearnt = [Write, Shutdown].every((request) => typeof request === "function" && request !== Object);
  if (!isLearnt) return undefined;
  const made = { Write, Shutdown } as Requests;
  const { getAsyncId } = new made.Write() as Partial<Request>;
  return typeof getAsyncId === "function" ? made : undefined;
}

/** Of a number that a handle gives, as Node makes it. */
export function systemError(syscall: string, errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}
