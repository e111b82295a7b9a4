// What cases are checked by, without any test runner. A failure says what was expected and what came.

export function check(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new Error(`Expected: ${expected}`);
}

/** By their JSON, which is enough for texts, numbers and lists of them. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (came !== wanted) throw new Error(`${what}: expected ${wanted}, and it was ${came}`);
}

/** What the promise rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: expected a rejection, and it resolved with ${JSON.stringify(value)}`);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** As the promise, unless it takes longer than this. */
export async function within<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until it is so. By looking again and again: in some runtimes a server's promises cannot wake up a case, which runs in
 * another request.
 */
export async function eventually(isSo: () => boolean, what: string, milliseconds = 5_000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (let wait = 0; !isSo(); wait = Math.min(wait + 1, 20)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await pause(wait);
  }
}
