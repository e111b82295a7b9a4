// Carteiro's server on Node's sockets, in Node or what runs for it.

import { createServer } from "@carteiro/node";
import { serveCarteiro } from "./serve-carteiro.ts";

serveCarteiro(createServer);
