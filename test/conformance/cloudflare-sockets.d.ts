// What the suite uses of the module that workerd brings.

declare module "cloudflare:sockets" {
  import type { WorkersSocket } from "@carteiro/workers";

  export function connect(
    address: { readonly hostname: string; readonly port: number },
    options: { readonly allowHalfOpen: boolean },
  ): WorkersSocket;
}
