/**
 * Counts what a property tries in *pairs*: one random definition over one random history, judged by the reference
 * evaluator. A pair is what a definition is worth; many share a history, because a warehouse costs more than a pair.
 *
 * Every run tries the pairs of fixed seeds, the same everywhere, and of one fresh seed, which is printed. Environment:
 * `ROLLCALL_PROPERTIES=all` the whole of them, as CI has it, instead of a quarter; `ROLLCALL_SEED` instead of the fresh seed; `ROLLCALL_PAIRS` how many pairs of fresh seeds instead of all that, by all
 * properties together; `ROLLCALL_REPORT` a file that is told how it went, a line of JSON a property.
 */
import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Tries with one seed, few enough that a failure says its seed soon. */
const TRIES = 10;

/** All tries of the fixed seeds, as CI has it; else a part of them. */
const WHOLE = process.env['ROLLCALL_PROPERTIES'] === 'all';
const PART = 4;

export interface Pairs<T> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  /** Throws where product and reference disagree; the number of pairs that were compared. */
  readonly compare: (value: T) => Promise<number>;
  /** Each good for ten tries, unless it says how many. */
  readonly seeds: readonly number[];
  readonly tries?: number;
  /** What all tries with those and a fresh one come to at least. */
  readonly atLeast: number;
  /** Of `ROLLCALL_PAIRS`, how many are this property's; all properties' shares make 1. */
  readonly share: number;
  /** How many of fresh seeds instead, where the property has a count of its own; 0 is none. */
  readonly pairs?: number;
}

/** At most so many definitions to a history: a warehouse costs more than a pair, and in a long run even more are worth it. */
export const MOST_DEFINITIONS = process.env['ROLLCALL_PAIRS'] === undefined ? 20 : 40;

export async function tryPairs<T>({
  name,
  arbitrary,
  compare,
  seeds,
  atLeast,
  share,
  pairs = Math.ceil(Number(process.env['ROLLCALL_PAIRS'] ?? 0) * share),
  tries = TRIES,
}: Pairs<T>): Promise<void> {
  const counted = { pairs: 0, tries: 0 };
  const property = fc.asyncProperty(arbitrary, async (value) => {
    counted.pairs += await compare(value);
    counted.tries++;
  });
  const started = Date.now();
  const fresh = Number(process.env['ROLLCALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const wanted = pairs;
  const runs = WHOLE ? tries : Math.ceil(tries / PART);
  if (!Number.isSafeInteger(fresh) || !Number.isSafeInteger(wanted))
    throw new Error('ROLLCALL_SEED and how many pairs are whole numbers');
  // Said before it is tried: what never ends says nothing after.
  process.stdout.write(`${name}: fresh seed ${fresh}\n`);
  let last = fresh;
  let failed = true;
  try {
    if (wanted === 0) {
      for (const seed of [...seeds, fresh]) await fc.assert(property, { seed, numRuns: runs });
    }
    for (; counted.pairs < wanted; last++) await fc.assert(property, { seed: last, numRuns: tries });
    failed = false;
  } finally {
    const seconds = Math.round((Date.now() - started) / 1000);
    const said = `${name}: ${counted.pairs} pairs in ${counted.tries} tries, ${seconds} s; fresh seed ${fresh} (again: ROLLCALL_PROPERTIES=some ROLLCALL_SEED=${fresh})`;
    process.stdout.write(`${said}\n`);
    const report = process.env['ROLLCALL_REPORT'];
    if (report)
      appendFileSync(
        report,
        `${JSON.stringify({ name, ...counted, seconds, from: fresh, to: last, ...(failed && { failed }) })}\n`,
      );
  }
  expect(counted.pairs).toBeGreaterThanOrEqual(wanted > 0 ? wanted : WHOLE ? atLeast : 1);
}

/** So many seeds that nobody chose. */
export const seedsFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);
