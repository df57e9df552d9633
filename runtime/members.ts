/** `members` and `diff`: who is in, and what the last run changed. Reads what was published, computes nothing. */
import { UserError } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';
import { withProfileId } from '../compiler/program/views.js';
import type { Row } from '../dialects/warehouse.js';
import { byText } from '../models/order.js';
import type { DiffResult, KeyOptions, MembersOptions } from './queries-api.js';
import { unknownKey } from './keys.js';
import { publishedKey, resolveSession } from './prepare.js';
import { readState, type DefinitionRow, type StoredState } from './existing.js';
import { isoOf, microsOf, readInstant, timestamp } from './instants.js';
import { numberOf, openSession, textOf, withSession, type Session } from './session.js';

/** Rows held to be sorted; a longer answer comes as the engine gives it, so that memory does not grow. */
const SORTED_ROWS = 100_000;

const IDENTIFIERS = ['user_id', 'email', 'anonymous_id'] as const;

/** Who is in, or was at `asOf` (see `Members`). */
export async function* members(options: MembersOptions): AsyncGenerator<Row> {
  const asOf = options.asOf === undefined ? undefined : readInstant('--as-of', options.asOf);
  const session = await openSession(options, { mode: 'read' });
  try {
    const definition = published(await readState(session), session, await ownKey(session, options.key));
    if (asOf !== undefined) await refuseUnremembered(session, definition, asOf);
    const rows =
      definition.kind === 'trait' ? values(session, definition) : audience(session, definition, asOf);
    yield* sorted(session, withIdentifiers(session, rows), options.limit);
  } finally {
    await session.close();
  }
}

/**
 * Refuses an instant of which state does not tell: before the definition was first computed, and of a trait, whose
 * values of before are not kept, where runs since then changed some.
 */
async function refuseUnremembered(session: Session, definition: DefinitionRow, asOf: string): Promise<void> {
  const { key, kind, firstRunAt } = definition;
  const at = microsOf(asOf);
  const snapshots = await session.rows(snapshotsOf(session, key));
  const runs = snapshots.map((row) => microsOf(textOf(row, 'as_of'))).sort((a, b) => (a < b ? -1 : 1));
  const first = [...(firstRunAt === null ? [] : [microsOf(firstRunAt)]), ...runs.slice(0, 1)];
  if (first.every((run) => run > at)) {
    throw new UserError({
      code: 'invalid-as-of',
      severity: 'error',
      message: `there is no history of ${key} as of ${asOf}: it was first computed as of ${isoOf(least(first))}`,
      hint: `rollcall preview ${key} --as-of ${asOf} computes it from the sources`,
      definition: key,
    });
  }
  if (kind !== 'trait') return;
  const since = snapshots
    .filter((row) => CHANGES.some((name) => numberOf(row, name) > 0))
    .map((row) => microsOf(textOf(row, 'as_of')));
  const removed = definition.status === 'removed' && definition.retiredAt !== null;
  const ended = removed ? [microsOf(definition.retiredAt ?? asOf)] : [];
  const later = [...since, ...ended].filter((run) => run > at);
  if (later.length === 0) return;
  throw new UserError({
    code: 'no-history',
    severity: 'error',
    message: `values of ${key} as of ${asOf} are not kept: they changed as of ${isoOf(least(later))}`,
    hint: `of traits the present is kept, of audiences the history; rollcall preview ${key} --as-of ${asOf} computes it from the sources`,
    definition: key,
  });
}

const CHANGES = ['entered', 'exited', 'changed'] as const;

const least = (instants: readonly bigint[]): bigint => instants.reduce((a, b) => (a < b ? a : b));

const snapshotsOf = ({ state }: Session, key: string): Relation => {
  const all = state.scan('snapshots');
  return ir.filter(all, ir.eq(ir.c(all, 'definition_key'), ir.text(key)));
};

/** The key under which what a key names is published: that of a SQL trait may be of several. */
async function ownKey(session: Session, key: string): Promise<string> {
  const definition = session.project.definitions.find((d) => d.key === key);
  if (definition?.kind !== 'trait' || definition.value.kind !== 'sql') return key;
  return publishedKey((await resolveSession(session)).resolved, key);
}

/** The stored row of a key that has published something; an error that says what to do otherwise. */
export function published(stored: StoredState, session: Session, key: string): DefinitionRow {
  const row = stored.definitions.get(key);
  if (row && row.firstRunAt !== null) return row;
  const inProject = session.project.definitions.some((d) => d.key === key);
  if (row || inProject) {
    throw new UserError({
      code: 'never-computed',
      severity: 'error',
      message: `${key} was never computed`,
      hint: `rollcall run --select +${key}`,
      definition: key,
    });
  }
  throw unknownKey(key, [...session.project.definitions.map((d) => d.key), ...stored.definitions.keys()]);
}

const ofDefinition = (rows: Relation, { definitionNo }: DefinitionRow): Expr =>
  ir.eq(ir.c(rows, 'definition_no'), ir.int(definitionNo));

function audience({ state }: Session, definition: DefinitionRow, asOf: string | undefined): Relation {
  const current = state.scan('member_state');
  const inNow = ir.filter(current, ofDefinition(current, definition));
  const columns = ['profile_no', 'entered_at'];
  if (asOf === undefined) return ir.pick(inNow, columns);
  const instant = ir.lit(timestamp(asOf));
  const closed = state.scan('exit_state');
  const stillIn = ir.call('gt', ir.c(closed, 'exited_at'), instant);
  const wasIn = ir.filter(closed, ir.and(ofDefinition(closed, definition), stillIn));
  const all = ir.union([ir.pick(inNow, columns), ir.pick(wasIn, columns)]);
  return ir.filter(all, ir.call('le', ir.c(all, 'entered_at'), instant));
}

function values({ state }: Session, definition: DefinitionRow): Relation {
  const rows = state.scan('trait_state');
  return ir.pick(ir.filter(rows, ofDefinition(rows, definition)), ['profile_no', 'value', 'updated_at']);
}

function withIdentifiers({ state }: Session, rows: Relation): Relation {
  const profiles = ir.pick(state.scan('profiles'), ['profile_no', ...IDENTIFIERS]);
  const joined = ir.join('left', withProfileId(state, rows), profiles, ['profile_no']);
  const own = rows.columns.map((c) => c.name).filter((name) => name !== 'profile_no');
  return ir.pick(joined, ['profile_id', ...own, ...IDENTIFIERS]);
}

/** The IR has no order of rows: the first rows are found by rank, and what fits into memory is sorted here. */
async function* sorted(session: Session, rows: Relation, limit: number | undefined): AsyncGenerator<Row> {
  const held: Row[] = [];
  let streaming = false;
  for await (const row of session.stream(limit === undefined ? rows : first(rows, limit))) {
    if (streaming) {
      yield row;
      continue;
    }
    held.push(row);
    if (limit === undefined && held.length > SORTED_ROWS) {
      yield* held;
      streaming = true;
    }
  }
  if (!streaming) yield* held.sort(byProfile);
}

/** The first rows by profile_id. */
export function first(rows: Relation, limit: number): Relation {
  const ranked = ir.rowNumber(rows, {
    partitionBy: [],
    orderBy: [{ expr: ir.c(rows, 'profile_id') }],
    as: 'row_rank',
  });
  const top = ir.filter(ranked, ir.call('le', ir.c(ranked, 'row_rank'), ir.int(limit)));
  return ir.pick(
    top,
    rows.columns.map((c) => c.name),
  );
}

export const byProfile = byText((row: Row) => textOf(row, 'profile_id'));

/** What the last run that published a definition changed (see `Diff`). */
export async function diff(options: KeyOptions & { readonly limit?: number }): Promise<DiffResult> {
  return withSession(options, { mode: 'read' }, async (session) => {
    const definition = published(await readState(session), session, await ownKey(session, options.key));
    const snapshot = (await session.rows(lastSnapshots(session, definition.key)))[0];
    const runNo = snapshot && numberOf(snapshot, 'run_no');
    const list = async (rows: Relation): Promise<readonly Row[]> => {
      if (runNo === undefined) return [];
      const of = ir.filter(
        rows,
        ir.and(ofDefinition(rows, definition), ir.eq(ir.c(rows, 'run_no'), ir.int(runNo))),
      );
      const shown = rows.columns.map((c) => c.name).filter((name) => SHOWN.has(name));
      const found: Row[] = [];
      const named = withIdentifiers(session, ir.pick(of, shown));
      for await (const row of sorted(session, named, options.limit)) found.push(row);
      return found;
    };
    const isTrait = definition.kind === 'trait';
    const { state } = session;
    return {
      key: definition.key,
      kind: definition.kind,
      run_id: snapshot ? textOf(snapshot, 'run_id') : null,
      as_of: snapshot ? textOf(snapshot, 'as_of') : null,
      size: snapshot ? numberOf(snapshot, 'size') : 0,
      counts: {
        entered: snapshot ? numberOf(snapshot, 'entered') : 0,
        exited: snapshot ? numberOf(snapshot, 'exited') : 0,
        changed: snapshot ? numberOf(snapshot, 'changed') : 0,
      },
      entered: isTrait ? [] : await list(state.scan('member_state')),
      exited: isTrait ? [] : await list(state.scan('exit_state')),
      changed: isTrait ? await list(state.scan('trait_state')) : [],
    };
  });
}

const SHOWN: ReadonlySet<string> = new Set(['profile_no', 'entered_at', 'exited_at', 'value', 'updated_at']);

/** Snapshots with their `run_no`, the last of each definition (or of one). */
export function lastSnapshots({ state }: Session, key?: string): Relation {
  const all = state.scan('snapshots');
  const rows = key === undefined ? all : ir.filter(all, ir.eq(ir.c(all, 'definition_key'), ir.text(key)));
  const runs = ir.pick(state.scan('runs'), ['run_id', 'run_no']);
  const joined = ir.join('inner', rows, runs, ['run_id']);
  const ranked = ir.rowNumber(joined, {
    partitionBy: [ir.c(joined, 'definition_key')],
    orderBy: [{ expr: ir.c(joined, 'run_no'), desc: true }],
    as: 'age',
  });
  return ir.filter(ranked, ir.eq(ir.c(ranked, 'age'), ir.int(1)));
}
