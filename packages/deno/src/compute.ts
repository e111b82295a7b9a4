// What SASL mechanisms need computed: by WebCrypto, and by Deno's `node:crypto` what WebCrypto does not know.

import { createHash, createHmac } from "node:crypto";
import { webCompute, type Compute } from "@carteiro/driver";

/** As `webCompute`, and MD5, for CRAM-MD5 alone. */
export const denoCompute: Compute = async (operation) => {
  if (operation.type === "random" || operation.hash !== "MD5") return webCompute(operation);
  switch (operation.type) {
    case "hash":
      return Uint8Array.from(createHash("md5").update(operation.data).digest());
    case "hmac":
      return Uint8Array.from(createHmac("md5", operation.key).update(operation.data).digest());
    case "pbkdf2":
      return undefined;
  }
};
