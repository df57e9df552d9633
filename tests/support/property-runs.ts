/**
 * `ROLLCALL_RUNS=50000 npm test` runs every fast-check property that many times.
 * A property which names its own `numRuns` keeps it.
 */
const runs = process.env['ROLLCALL_RUNS'];

if (runs !== undefined) {
  const numRuns = Number(runs);
  if (!Number.isSafeInteger(numRuns) || numRuns < 1)
    throw new Error(`ROLLCALL_RUNS must be a whole number, not "${runs}"`);
  const fc = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns });
}

export {};
