// What somebody wants no longer, where it cannot be taken back: it ends with the session.

import { tellsOfMail } from "./errors.ts";

/** What `act` gives, unless the signal is aborted: `destroy` is called then, and this rejects with the reason. */
export async function endedBy<Result>(
  signal: AbortSignal,
  act: () => Promise<Result>,
  destroy: () => void,
): Promise<Result> {
  signal.throwIfAborted();
  signal.addEventListener("abort", destroy, { once: true });
  try {
    return await act();
  } catch (error) {
    // Where mail was taken, or may have been, the caller has to hear of it: the reason is the cause then.
    throw signal.aborted && !tellsOfMail(error) ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", destroy);
  }
}
