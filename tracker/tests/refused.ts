/** A keep whose storage is refused, as in a sandboxed frame. */
import { createKeep, type Keep } from "../src/storage.ts";

export function refusedKeep(): Keep {
  return createKeep(() => {
    throw new DOMException("The document is sandboxed", "SecurityError");
  });
}
