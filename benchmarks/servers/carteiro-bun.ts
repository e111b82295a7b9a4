// Carteiro's server on Bun's own sockets.

import { createServer } from "@carteiro/bun";
import { serveCarteiro } from "./serve-carteiro.ts";

serveCarteiro(createServer);
