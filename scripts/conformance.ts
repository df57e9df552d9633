/**
 * Runs the conformance cases on engines and keeps what came of it: `npm run conformance -- duckdb reference pglite`.
 * Writes `tests/engines/results/<engine>.json`, then `docs/conformance.md` (`npm run conformance:report` does that alone).
 * Exits 1 where a case failed.
 *
 * What takes long goes in pieces: `ROLLCALL_CONFORMANCE_PROCESSES=2` shares the cases among processes; with
 * `ROLLCALL_CONFORMANCE_PART=3/8` it is the third eighth of them; and with `ROLLCALL_CONFORMANCE=<folder>` what comes of them is kept
 * there, and goes into the results with what was there already; without an engine nothing more is run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { EngineResults } from '../tests/engines/results.js';
import { writeReport } from './conformance-report.js';
import { ROOT, writeFormatted } from './written.js';

const RESULTS = join(ROOT, 'tests/engines/results');

/** The test files that run an engine's cases, and what they have to be told. */
const ENGINES: Readonly<
  Record<string, { readonly files: readonly string[]; readonly env?: NodeJS.ProcessEnv }>
> = {
  duckdb: { files: ['tests/conformance/duckdb'], env: { ROLLCALL_DUCKDB: 'all' } },
  reference: { files: ['tests/conformance/reference'] },
  bigquery: { files: ['tests/conformance/bigquery'], env: { ROLLCALL_GOOGLESQL: 'all' } },
  pglite: {
    files: ['tests/postgres/pglite'],
    env: { ROLLCALL_PGLITE: process.env['ROLLCALL_PGLITE'] ?? 'all' },
  },
  postgres: { files: ['tests/postgres/server-'] },
  // Inside scripts/with-snowflake-emulator.sh.
  snowflake: { files: ['tests/conformance/snowflake'] },
  // Inside scripts/with-spark.sh.
  spark: { files: ['tests/spark/conformance'] },
};

const wanted = process.argv.slice(2);
const given = process.env['ROLLCALL_CONFORMANCE'] ?? '';
const unknown = wanted.filter((name) => !Object.hasOwn(ENGINES, name));
if ((wanted.length === 0 && given === '') || unknown.length > 0)
  throw new Error(`which engines? known: ${Object.keys(ENGINES).join(', ')}`);

const scratch = given === '' ? mkdtempSync(join(tmpdir(), 'rollcall-conformance-')) : resolve(given);
const processes = Number(process.env['ROLLCALL_CONFORMANCE_PROCESSES'] ?? 1);
let failed = false;
for (const name of wanted) {
  const { files = [], env = {} } = ENGINES[name] ?? {};
  const statuses = await Promise.all(
    Array.from({ length: processes }, async (_, i) => {
      const share = processes === 1 ? {} : { ROLLCALL_CONFORMANCE_PART: `${i + 1}/${processes}` };
      const child = spawn('npx', ['vitest', 'run', ...files], {
        cwd: ROOT,
        stdio: 'inherit',
        env: { ...process.env, ...env, ...share, ROLLCALL_CONFORMANCE: scratch },
      });
      return (await once(child, 'exit'))[0] as number | null;
    }),
  );
  failed ||= statuses.some((status) => status !== 0);
}
await keep(scratch);
if (given === '') rmSync(scratch, { recursive: true });
await writeReport();
process.exitCode = failed ? 1 : 0;

/** Puts the parts that test files wrote together, an engine a file; of a case that was run again the last counts. */
async function keep(folder: string): Promise<void> {
  const parts = readdirSync(folder)
    .map((file) => join(folder, file))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as EngineResults);
  mkdirSync(RESULTS, { recursive: true });
  for (const engine of new Set(parts.map((part) => part.engine))) {
    const own = parts.filter((part) => part.engine === engine);
    const last = new Map(own.flatMap((part) => part.cases).map((one) => [`${one.case} ${one.way}`, one]));
    const cases = [...last.values()].sort((a, b) => compare(a.case, b.case) || compare(a.way, b.way));
    const file = join(RESULTS, `${engine}.json`);
    const { version = '', again = '', sample } = own.at(-1) ?? {};
    const results: EngineResults = {
      engine,
      version,
      again,
      ...(sample !== undefined && { sample }),
      cases,
    };
    await writeFormatted(file, JSON.stringify(results));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
