/**
 * The long test run: `npm run test:nightly [-- duckdb=50000 postgres=2000 googlesql=2000]` tries so many random pairs of
 * definition and history on each engine named (all, unless some are) against the reference evaluator; one number alone is
 * that of DuckDB, and the most of each other. PostgreSQL is a server that scripts/with-postgres.sh starts; where there is
 * none that is said. What came of it is kept in tests/property/nightly.json, a part a property and engine, and shown in
 * tests/property/NIGHTLY.md. Exits 1 where a pair differs.
 *
 * Then every fault is put at every call of some runs and deliveries (`nightly-faults.ts`); `-- faults` does that alone.
 * Then a million messages are delivered under faults (`nightly-delivery.ts`); `-- delivery [messages]` does that alone.
 *
 * `npm run test:nightly -- add ENGINE FILE [COMMIT]` adds what a run wrote to its ROLLCALL_REPORT, for runs in several pieces.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoGoogleSql } from '../tests/support/zetasql/binary.js';
import { deliveryNight } from './nightly-delivery.js';
import { faultsNight } from './nightly-faults.js';
import { commitHere, grouped, ROOT, writeFormatted } from './written.js';

/** What a property says of a run of its (tests/property/pairs.ts). */
interface Told {
  readonly name: string;
  readonly pairs: number;
  readonly tries: number;
  readonly seconds: number;
  /** The first seed, and the one after the last, where they were one row. */
  readonly from: number;
  readonly to?: number;
  readonly failed?: true;
}

interface Part extends Told {
  readonly engine: string;
  readonly date: string;
  readonly commit: string;
}

const PARTS = join(ROOT, 'tests/property/nightly.json');
const REPORT = join(ROOT, 'tests/property/NIGHTLY.md');

/** Where an engine has no server here: with-postgres.sh says so by it. */
const ABSENT = 69;

interface Engine {
  readonly title: string;
  readonly pairs: number;
  readonly command: readonly string[];
  readonly env: (pairs: string) => NodeJS.ProcessEnv;
  /** Why it cannot be tried here, where that is known beforehand. */
  readonly absent?: () => string | undefined;
}

const OTHERS = ['scenarios', 'standalone', 'entities', 'entity-triggers', 'journeys', 'backfill'].map(
  (name) => `tests/property/${name}.test.ts`,
);
const VITEST = ['npx', 'vitest', 'run'];
const ENGINES: Readonly<Record<string, Engine>> = {
  duckdb: {
    title: 'DuckDB',
    pairs: 50_000,
    command: [...VITEST, ...OTHERS],
    env: (pairs) => ({ ROLLCALL_PAIRS: pairs, ROLLCALL_PROPERTIES: 'some' }),
  },
  postgres: {
    title: 'PostgreSQL 15',
    pairs: 2000,
    command: ['scripts/with-postgres.sh', ...VITEST, ...OTHERS],
    env: (pairs) => ({ ROLLCALL_PAIRS: pairs, ROLLCALL_PROPERTIES: 'some', ROLLCALL_ENGINE: 'postgres' }),
  },
  googlesql: {
    title: "GoogleSQL's evaluator",
    pairs: 2000,
    command: [...VITEST, 'tests/property/googlesql'],
    env: (pairs) => ({ ROLLCALL_GOOGLESQL_PAIRS: pairs }),
    absent: whyNoGoogleSql,
  },
};

const args = process.argv.slice(2);
if (args[0] === 'add') {
  const [, engine = '', file = '', commit] = args;
  engineOf(engine);
  const parts = dated(engine, readFileSync(file, 'utf8'), commit);
  await keep([...kept(), ...parts]);
} else if (args[0] === 'faults') {
  if (!(await faultsNight(args[1]))) process.exitCode = 1;
} else if (args[0] === 'delivery') {
  if (!(await deliveryNight(args[1] === undefined ? undefined : count(args[1])))) process.exitCode = 1;
} else {
  for (const [name, pairs] of wantedOf(args)) await night(name, pairs);
  if (args.length === 0 && !(await faultsNight())) process.exitCode = 1;
  if (args.length === 0 && !(await deliveryNight())) process.exitCode = 1;
}

function engineOf(name: string): Engine {
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (!engine) throw new Error(`which engine? known: ${Object.keys(ENGINES).join(', ')}`);
  return engine;
}

function count(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error('how many? a whole number above 0');
  return n;
}

/** Engines, and how many pairs each is to try. */
function wantedOf(given: readonly string[]): readonly (readonly [string, number])[] {
  const [first = ''] = given;
  const all = Object.entries(ENGINES);
  if (given.length === 0) return all.map(([name, { pairs }]) => [name, pairs]);
  if (/^\d+$/.test(first))
    return all.map(([name, { pairs }]) => [
      name,
      name === 'duckdb' ? count(first) : Math.min(pairs, count(first)),
    ]);
  return given.map((arg) => {
    const [name = '', pairs] = arg.split('=');
    return [name, pairs === undefined ? engineOf(name).pairs : (engineOf(name), count(pairs))];
  });
}

async function night(name: string, pairs: number): Promise<void> {
  const { title, command, env, absent } = engineOf(name);
  const why = absent?.();
  if (why !== undefined) {
    process.stdout.write(`\n${title}: skipped, ${why}\n`);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-nightly-'));
  const told = join(scratch, 'told.jsonl');
  writeFileSync(told, '');
  const [program = '', ...rest] = command;
  const { status } = spawnSync(program, rest, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env(String(pairs)), ROLLCALL_REPORT: told },
  });
  const parts = dated(name, readFileSync(told, 'utf8'));
  rmSync(scratch, { recursive: true });
  if (status === ABSENT) {
    process.stdout.write(`\n${title}: skipped, see above\n`);
    return;
  }
  const again = new Set(parts.map((part) => part.name));
  await keep([...kept().filter((part) => part.engine !== name || !again.has(part.name)), ...parts]);
  const total = parts.reduce((sum, part) => sum + part.pairs, 0);
  process.stdout.write(`\n${title}: ${total} pairs; report in tests/property/NIGHTLY.md\n`);
  if (status !== 0) process.exitCode = 1;
}

function kept(): readonly Part[] {
  return JSON.parse(readFileSync(PARTS, 'utf8')) as readonly Part[];
}

function dated(engine: string, lines: string, given?: string): readonly Part[] {
  const commit = given ?? commitHere();
  const date = new Date().toISOString().slice(0, 10);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told)
    .filter(({ pairs, failed }) => pairs > 0 || failed)
    .map((told) => ({ engine, ...told, date, commit }));
}

async function keep(parts: readonly Part[]): Promise<void> {
  const rank = ({ engine }: Part): number => Object.keys(ENGINES).indexOf(engine);
  const sorted = [...parts].sort(
    (a, b) =>
      rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || (a.date < b.date ? -1 : 1),
  );
  await writeFormatted(PARTS, JSON.stringify(sorted));
  await writeFormatted(REPORT, pageOf(sorted));
}

function seedsOf({ from, to }: Part): string {
  if (to === undefined) return `from ${from}`;
  return to > from + 1 ? `${from} – ${to - 1}` : String(from);
}

function pageOf(parts: readonly Part[]): string {
  const totals = Object.entries(ENGINES).flatMap(([name, { title }]) => {
    const own = parts.filter(({ engine }) => engine === name);
    const pairs = own.reduce((sum, part) => sum + part.pairs, 0);
    const failed = own.filter((part) => part.failed).length;
    return own.length === 0
      ? []
      : [
          `- ${title}: **${grouped(pairs)} pairs, ${failed === 0 ? 'none differed' : `${failed} parts failed`}**`,
        ];
  });
  const row = (part: Part): string =>
    `| ${[
      ENGINES[part.engine]?.title ?? part.engine,
      part.name,
      `${grouped(part.pairs)}${part.failed ? ', then one that differed' : ''}`,
      grouped(part.tries),
      seedsOf(part),
      part.seconds === 0 ? 'not told' : (part.seconds / 60).toFixed(1),
      part.date,
      part.commit,
    ].join(' | ')} |`;
  return `# Nightly runs

Written by \`npm run test:nightly\` from \`nightly.json\`, to which each run adds its parts. A pair is one random definition over one random
history of messages; product and reference evaluator have to agree on it. Any seed is tried again by
\`ROLLCALL_PROPERTIES=some ROLLCALL_SEED=… npx vitest run tests/property\`, on PostgreSQL with \`ROLLCALL_ENGINE=postgres\` in \`scripts/with-postgres.sh\`.
Node ${process.version}, ${availableParallelism()} processors; minutes are of machines with other work.

${totals.join('\n')}

| engine | property | pairs | tries | seeds | minutes | when | commit |
| --- | --- | --- | --- | --- | --- | --- | --- |
${parts.map(row).join('\n')}
`;
}
