/**
 * The SQL of a small project for every engine, out of one catalog and one state: what differs between two engines is what
 * their dialects write, and what landing does for their capabilities' sake.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrors } from '../../compiler/diagnostics/index.js';
import type { Relation } from '../../compiler/ir/types.js';
import { deliveryHealth, lastEnded, sizesCompared } from '../../compiler/program/alerts.js';
import { messagesWaiting } from '../../compiler/program/deliveries.js';
import { StateSchema } from '../../compiler/program/state.js';
import type { Step } from '../../compiler/program/types.js';
import { audienceViewName } from '../../compiler/program/views.js';
import { bigquery } from '../../dialects/bigquery/dialect.js';
import type { Dialect } from '../../dialects/dialect.js';
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import { snowflake } from '../../dialects/snowflake/dialect.js';
import { keptOpen, type Warehouse } from '../../dialects/warehouse.js';
import { loadProject, parseInstant } from '../../models/index.js';
import type { RuntimeOptions } from '../../runtime/api.js';
import type { OutputFile } from '../../runtime/files.js';
import { openSession, runProject } from '../../runtime/index.js';
import { scriptOf } from '../../runtime/compile.js';
import { prepareRun, resolveSession } from '../../runtime/prepare.js';
import { runFiles, standaloneSql } from '../../runtime/sql-files.js';
import { duckdbEngine } from '../engines/duckdb.js';
import type { RawTables } from '../engines/engine.js';
import { inMemory } from '../support/in-memory.js';
import { landMessages } from '../support/land-messages.js';
import type { Message } from '../reference/model.js';
import { landTables, type PlainTable } from '../support/land-tables.js';
import { firstOfKinds, onlySteps, stepsLike } from './texts.js';

/** The first is written whole; the others as what they have otherwise. */
export const DIALECTS: readonly [Dialect, ...Dialect[]] = [duckdb, postgres, bigquery, snowflake];

const FIRST_RUN = '2026-02-01T00:00:00.000000Z';
const AS_OF = '2026-03-01T00:00:00.000000Z';

/** `project.json`. */
interface Golden {
  /** What rollcall.json says besides. */
  readonly config?: object;
  readonly sources: readonly { readonly name: string }[];
  readonly entities: unknown;
  readonly tables: Readonly<Record<string, PlainTable>>;
  readonly definitions: readonly { readonly key: string }[];
  readonly destinations: readonly { readonly key: string }[];
  /** What has landed before the first run, and between the two. */
  readonly messages: readonly [readonly Message[], readonly Message[]];
}

const read = (file: string): Golden =>
  JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Golden;

const golden = read('project.json');

const SOURCES = golden.sources.map(({ name }) => name);

/** Keys of the definitions, in order. */
export const KEYS: readonly string[] = golden.definitions.map(({ key }) => key);

/** The project on a DuckDB of its own, whose raw tables are there and empty. */
async function opened(
  made = golden,
): Promise<RuntimeOptions & { readonly warehouse: Warehouse; readonly raw: RawTables }> {
  const { sources, entities, tables, definitions, destinations } = made;
  const target = duckdbEngine.target;
  const config = {
    name: 'golden',
    target: 'dev',
    targets: { dev: target },
    sources,
    entities,
    ...made.config,
  };
  const files = new Map<string, unknown>([['/golden/rollcall.json', config]]);
  for (const one of definitions) files.set(`/golden/models/${one.key}.json`, one);
  for (const one of destinations) files.set(`/golden/destinations/${one.key}.json`, one);
  const { project, spans, diagnostics } = await loadProject({ dir: '/golden', env: {}, fs: inMemory(files) });
  if (!project || hasErrors(diagnostics)) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  const { warehouse, raw } = await duckdbEngine.open();
  await landMessages(raw, SOURCES, []);
  await landTables(raw, tables);
  const open = (): Promise<Warehouse> => Promise.resolve(keptOpen(warehouse));
  return {
    project,
    spans,
    now: () => AS_OF,
    dialectFor: () => Promise.resolve({ ...duckdb, open }),
    warehouse,
    raw,
  };
}

/** Standalone SELECTs by engine, then by the definition's key. */
export async function standaloneGoldens(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const options = await opened();
  try {
    const { resolved, stored } = await resolveSession(await openSession(options, { mode: 'read' }));
    const sql = (dialect: Dialect, key: string): string => {
      const published = resolved.byKey.get(key)?.outputs[0] ?? key;
      return `${standaloneSql(resolved, published, dialect, stored, AS_OF).sql}\n`;
    };
    return new Map(
      DIALECTS.map((dialect) => [dialect.name, new Map(KEYS.map((key) => [key, sql(dialect, key)]))]),
    );
  } finally {
    await options.warehouse.close();
  }
}

/** The definitions of the runs that are shown: landing is for all of them, computing and publishing for these. */
const OF_RUNS = ['frequent_buyers', 'revenue'];

/** What is done for a project by engine: a first run, and what the run after it does. */
interface Runs {
  readonly first: (dialect: Dialect) => readonly OutputFile[];
  readonly next: (dialect: Dialect) => readonly OutputFile[];
}

/** Statements of runs, as `compile` writes them to `target/run`. */
async function runsOf(made: Golden, select?: readonly string[]): Promise<Runs> {
  const options = await opened(made);
  const { warehouse, raw } = options;
  const programs = async (): Promise<(dialect: Dialect) => readonly OutputFile[]> => {
    const session = await openSession(options, { mode: 'read' });
    const files = new Map<Dialect, readonly OutputFile[]>();
    for (const dialect of DIALECTS) {
      // The program is that of the engine; what it is made of, DuckDB has been asked.
      const asked = { ...session.dialect, capabilities: dialect.capabilities };
      const prepared = await prepareRun({ ...session, dialect: asked }, select ? { select } : {});
      const program = { ...prepared.program, ensure: prepared.program.ensure.map(withOneAudience) };
      files.set(dialect, runFiles(scriptOf({ ...prepared, program }, { ...session, dialect }, AS_OF)));
    }
    return (dialect) => files.get(dialect) ?? [];
  };
  try {
    const [before, between] = made.messages;
    await landMessages(raw, SOURCES, before);
    const first = await programs();
    const { status, diagnostics } = await runProject({
      ...options,
      asOf: FIRST_RUN,
      invocation: 'golden',
      newRunId: () => 'first',
      artifacts: false,
    });
    if (status !== 'succeeded') throw new Error(diagnostics.map((d) => d.message).join('\n'));
    await landMessages(raw, SOURCES, between);
    return { first, next: await programs() };
  } finally {
    await warehouse.close();
  }
}

/** Views of audiences differ by their keys alone: one is enough to look at. */
function withOneAudience(step: Step): Step {
  if (step.op !== 'views') return step;
  const audiences = step.views.filter(({ view }) => view.name.startsWith(audienceViewName('')));
  return { ...step, views: step.views.filter((one) => one === audiences[0] || !audiences.includes(one)) };
}

/**
 * Statements of a run by engine: what a first run makes sure of, then the run after it. Each kind of statement (its first two words
 * on the first engine) is shown once a file.
 */
export async function runGoldens(): Promise<ReadonlyMap<string, string>> {
  const { first, next } = await runsOf(golden, OF_RUNS);
  const filesOf = (dialect: Dialect): readonly OutputFile[] => [
    ...first(dialect).filter(({ path }) => path.endsWith('_ensure.sql')),
    ...next(dialect),
  ];
  const shown = firstOfKinds(filesOf(DIALECTS[0]));
  return new Map(DIALECTS.map((dialect) => [dialect.name, onlySteps(filesOf(dialect), shown)]));
}

/** What alerts ask. */
const ALERTS: Readonly<Record<string, Relation>> = (() => {
  const schema = new StateSchema('rollcall');
  const since = parseInstant(FIRST_RUN) ?? 0n;
  const keys = ['buyers', 'vip'];
  return {
    'size_change, in one run': sizesCompared(schema, { keys, since }),
    'size_change, within a day': sizesCompared(schema, { keys, since, micros: 86_400_000_000n }),
    delivery: deliveryHealth(schema, { type: 'timestamp', value: since.toString() }),
    waiting: messagesWaiting(schema, new Map([['crm', ['vip']]])),
    failed: lastEnded(schema),
  };
})();

/**
 * By engine the statements that queue messages, of a project that suppresses people, asks for consent, sends traits along and tells
 * people by their emails; and what alerts ask.
 */
export async function sendingGoldens(): Promise<ReadonlyMap<string, string>> {
  const { next } = await runsOf(read('sending.json'));
  const shown = stepsLike(next(DIALECTS[0]), /^(outbox\.|shared\.addresses)/);
  return new Map(
    DIALECTS.map((dialect) => {
      const asked = Object.entries(ALERTS).map(
        ([name, relation]) => `-- alerts: ${name}\n${dialect.select(relation, {})};\n`,
      );
      return [dialect.name, [onlySteps(next(dialect), shown), ...asked].join('\n')];
    }),
  );
}
