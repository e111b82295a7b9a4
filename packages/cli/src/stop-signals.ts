// Being asked to stop: by Ctrl-C, by a service manager, by a terminal that is closed.

export interface StopSignals {
  /** Resolves with the first signal. */
  readonly asked: Promise<NodeJS.Signals>;
  /** Aborted by the second: stop at once. */
  readonly forced: AbortSignal;
}

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** From now on these signals no longer end the process by themselves. */
export function stopSignals(): StopSignals {
  const asked = Promise.withResolvers<NodeJS.Signals>();
  const forced = new AbortController();
  let count = 0;
  for (const name of names) {
    process.on(name, () => {
      count += 1;
      if (count === 1) asked.resolve(name);
      else forced.abort(new Error(`stopped by a second signal, ${name}`));
    });
  }
  return { asked: asked.promise, forced: forced.signal };
}
