/** What the project's schema holds before a run. Read whole: its size follows the project, not the data. */
import { UserError } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Scan } from '../compiler/ir/types.js';
import { FORGOTTEN_SALT } from '../compiler/program/forgotten.js';
import { wayKey } from '../compiler/program/outbox-link.js';
import type { ExistingState, Made, StoredDefinition } from '../compiler/program/plan.js';
import {
  FACTS_MADE_BY,
  LAYOUT_VERSION,
  PROFILES_MADE,
  STATE,
  type StateTable,
} from '../compiler/program/state.js';
import type { Row } from '../dialects/warehouse.js';
import { byText } from '../models/order.js';
import { checkContents, checkTables } from './damage.js';
import { microsOf } from './instants.js';
import { nullableText, numberOf, textOf, type Session } from './session.js';

/** A row of `definitions` with what only the runtime looks at. */
export interface DefinitionRow extends StoredDefinition {
  readonly error: string | null;
  readonly lastRunId: string | null;
  readonly lastAsOf: string | null;
  readonly name: string | null;
  readonly of: string | null;
}

export interface RunRow {
  readonly runId: string;
  readonly runNo: number;
  readonly asOf: string;
  readonly status: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly invocation: string | null;
}

/** The runs a new run must know of; `runs` itself grows for ever and is never read whole. */
export interface RunsSeen {
  readonly last: RunRow | undefined;
  /** The last run that published something. */
  readonly lastPublished: RunRow | undefined;
  /** Still `running` by their own account. */
  readonly unfinished: readonly RunRow[];
}

export interface StoredState {
  readonly existing: ExistingState;
  readonly definitions: ReadonlyMap<string, DefinitionRow>;
  readonly meta: ReadonlyMap<string, string>;
  readonly runs: RunsSeen;
  /** The columns a state table has, as a scan; undefined when it is not there. */
  scan(table: StateTable): Scan | undefined;
  /** All rows of a state table; none when it is not there. */
  read(table: StateTable): Promise<readonly Row[]>;
}

/** Reads the state. A schema of a newer layout is refused before anything else of it is read. */
export async function readState(session: Session): Promise<StoredState> {
  const described = await session.warehouse.describeSchema(
    session.state.schema,
    session.signal ? { signal: session.signal } : {},
  );
  const found = new Map(described.map((t) => [t.table.name, t.columns.map((c) => c.name)]));
  const { schema } = session.state;
  // What a newer version made is not looked at any closer.
  const meta = await readMeta(session, found.get('meta'));
  refuseNewerLayout(meta);
  const begun = meta.size > 0 || (await hasDefinitions(session, found));
  const rebuilt = checkTables({ name: schema, tables: found, begun });
  const tables = new Map([...found].filter(([name]) => !rebuilt.some((table) => table === name)));

  const scanOf = (table: StateTable): Scan | undefined => {
    const present = tables.get(table);
    if (!present) return undefined;
    return ir.scan(
      session.state.ref(table),
      STATE[table].filter((c) => present.includes(c.name)),
    );
  };
  const read = async (table: StateTable): Promise<readonly Row[]> => {
    const relation = scanOf(table);
    return relation ? session.rows(relation) : [];
  };

  const rows = await read('definitions');
  const project = session.project.config.name;
  checkContents({ schema, project, tables, meta, definitions: rows });
  // Engines have them in an order of their own; what is told of them comes in that of their keys.
  const stored = rows.map(definitionRow).sort(byText(({ key }) => key));
  const definitions = new Map(stored.map((row) => [row.key, row]));
  const runs = await readRuns(session, scanOf('runs'));
  const made = await readMade(session, meta, runs, scanOf('profiles'));
  const existing: ExistingState = {
    tables,
    rebuilt,
    landings: new Map(
      (await read('landing')).map((row) => [
        textOf(row, 'source'),
        { fingerprint: textOf(row, 'fingerprint'), watermark: nullableText(row, 'watermark') },
      ]),
    ),
    definitions,
    connections: new Set((await read('connections')).map(wayOf)),
    entityConnections: entitiesByWay(await read('entity_connections')),
    computations: new Map(
      (await read('computations')).map((row) => [
        numberOf(row, 'definition_no'),
        {
          runNo: numberOf(row, 'run_no'),
          asOf: textOf(row, 'as_of'),
          relation: textOf(row, 'relation'),
        },
      ]),
    ),
    factsMadeBy: Number(meta.get(FACTS_MADE_BY) ?? 0),
    ...forgottenOf(meta),
    ...(made && { made }),
  };
  return { existing, definitions, meta, runs, scan: scanOf, read };
}

function forgottenOf(meta: ReadonlyMap<string, string>): Pick<ExistingState, 'forgotten'> {
  const salt = meta.get(FORGOTTEN_SALT);
  return salt === undefined ? {} : { forgotten: { salt } };
}

/**
 * When the universe was made: by the last run there was, whatever became of that, and with as many profiles as there are
 * now. Else what came between is not known, or somebody took rows away.
 */
async function readMade(
  session: Session,
  meta: ReadonlyMap<string, string>,
  { last }: RunsSeen,
  profiles: Scan | undefined,
): Promise<Made | undefined> {
  const said = /^(\d+) (-?\d+) (\d+) (\d+)$/.exec(meta.get(PROFILES_MADE) ?? '');
  const [runNo, asOf, size, lastSubjectNo] = said?.slice(1) ?? [];
  if (asOf === undefined || !profiles || Number(runNo) !== last?.runNo) return undefined;
  const [counted] = await session.rows(ir.aggregate(profiles, [], [ir.as('n', ir.agg('count'))]));
  if (!counted || numberOf(counted, 'n') !== Number(size)) return undefined;
  return { runNo: Number(runNo), asOf: BigInt(asOf), lastSubjectNo: Number(lastSubjectNo) };
}

/** Rows of `meta`, as far as it has the columns. */
async function readMeta(
  session: Session,
  present: readonly string[] | undefined,
): Promise<ReadonlyMap<string, string>> {
  if (!STATE.meta.every(({ name }) => present?.includes(name))) return new Map();
  const rows = await session.rows(ir.scan(session.state.ref('meta'), STATE.meta));
  return new Map(rows.map((row) => [nullableText(row, 'name') ?? '', nullableText(row, 'value') ?? '']));
}

/** Whether there are definitions though `meta` says nothing, or is not there. */
async function hasDefinitions(session: Session, tables: ExistingState['tables']): Promise<boolean> {
  if (tables.get('definitions')?.includes('key') !== true) return false;
  const rows = ir.scan(session.state.ref('definitions'), [{ name: 'key', type: 'text' }]);
  const [counted] = await session.rows(ir.aggregate(rows, [], [ir.as('n', ir.agg('count'))]));
  return counted !== undefined && numberOf(counted, 'n') > 0;
}

const wayOf = (row: Row): string => wayKey(textOf(row, 'destination_key'), textOf(row, 'definition_key'));

function entitiesByWay(rows: readonly Row[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const row of rows) {
    const way = wayOf(row);
    found.set(way, [...(found.get(way) ?? []), textOf(row, 'entity')]);
  }
  return found;
}

/** The last run of each status, and all that never finished. */
async function readRuns(session: Session, runs: Scan | undefined): Promise<RunsSeen> {
  if (!runs) return { last: undefined, lastPublished: undefined, unfinished: [] };
  const ranked = ir.rowNumber(runs, {
    partitionBy: [ir.c(runs, 'status')],
    orderBy: [{ expr: ir.c(runs, 'run_no'), desc: true }],
    as: 'age',
  });
  const latest = ir.eq(ir.c(ranked, 'age'), ir.int(1));
  const running = ir.eq(ir.c(ranked, 'status'), ir.text('running'));
  const rows = await session.rows(ir.filter(ranked, ir.or(latest, running)));
  const seen = rows.map(runRow).sort((a, b) => a.runNo - b.runNo);
  return {
    last: seen.at(-1),
    lastPublished: seen.filter(published).at(-1),
    unfinished: seen.filter((run) => run.status === 'running'),
  };
}

function refuseNewerLayout(meta: ReadonlyMap<string, string>): void {
  const layout = Number(meta.get('layout_version') ?? LAYOUT_VERSION);
  // What is no number is told with other damage.
  if (!(layout > LAYOUT_VERSION)) return;
  throw new UserError(
    {
      code: 'warehouse-newer',
      severity: 'error',
      message: `the warehouse was written by a newer version (layout ${layout}, this one knows ${LAYOUT_VERSION})`,
      hint: 'upgrade rollcall, or use another schema',
    },
    4,
  );
}

function definitionRow(row: Row): DefinitionRow {
  return {
    key: textOf(row, 'key'),
    kind: textOf(row, 'kind'),
    definitionNo: numberOf(row, 'definition_no'),
    fingerprint: nullableText(row, 'fingerprint'),
    status: textOf(row, 'status'),
    firstRunAt: nullableText(row, 'first_run_at'),
    retiredAt: nullableText(row, 'retired_at'),
    reducer: nullableText(row, 'reducer'),
    error: nullableText(row, 'error'),
    lastRunId: nullableText(row, 'last_run_id'),
    lastAsOf: nullableText(row, 'last_as_of'),
    name: nullableText(row, 'name'),
    of: nullableText(row, 'of'),
  };
}

function runRow(row: Row): RunRow {
  return {
    runId: textOf(row, 'run_id'),
    runNo: numberOf(row, 'run_no'),
    asOf: textOf(row, 'as_of'),
    status: textOf(row, 'status'),
    startedAt: textOf(row, 'started_at'),
    finishedAt: nullableText(row, 'finished_at'),
    invocation: nullableText(row, 'invocation'),
  };
}

/** Whether a run left something published. */
const published = (run: RunRow): boolean => run.status === 'succeeded' || run.status === 'partial';

/** Refuses an `as_of` before that of the last run that published, unless the caller means it. */
export function refuseBehind(asOf: string, runs: RunsSeen, allowed: boolean): void {
  const last = runs.lastPublished;
  if (allowed || !last || microsOf(asOf) >= microsOf(last.asOf)) return;
  throw new UserError({
    code: 'invalid-as-of',
    severity: 'error',
    message: `--as-of ${asOf} is before the last run's (${last.asOf})`,
    hint: 'add --as-of-behind to compute an earlier instant all the same',
  });
}
