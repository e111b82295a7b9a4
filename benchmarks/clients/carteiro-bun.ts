// Carteiro as a client on Bun's own sockets.

import { connect, createPool } from "@carteiro/bun";
import { serveCarteiro } from "./serve-carteiro.ts";

serveCarteiro({ connect, createPool });
