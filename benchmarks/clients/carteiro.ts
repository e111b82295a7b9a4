// Carteiro as a client on Node's sockets, in Node or what runs for it.

import { connect, createPool } from "@carteiro/node";
import { serveCarteiro } from "./serve-carteiro.ts";

serveCarteiro({ connect, createPool });
