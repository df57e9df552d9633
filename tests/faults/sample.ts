/** A sample of all that could be tried: every so many of them, from another one each time. */

/** Tries them, and says of a failure by which `ROLLCALL_SEED` it is met again. */
export async function sampleOf<T>(
  all: readonly T[],
  size: number,
  attempt: (one: T) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env['ROLLCALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const every = all.length / size;
  for (let i = 0; i < size; i++) {
    const chosen = all[Math.floor((seed % every) + i * every)];
    if (chosen === undefined) throw new Error('nothing to try');
    await attempt(chosen).catch((error: unknown) => {
      throw new Error(`ROLLCALL_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    });
  }
}
