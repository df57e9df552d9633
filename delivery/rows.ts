/** Which rows of the outbox: pages of what waits for a destination, as relations. */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  lit,
  not,
  pick,
  project,
  rowNumber,
  semiJoin,
  text,
} from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';
import { isFinal } from '../compiler/program/deliveries.js';
import { IDENTIFIER, WAY_KEYS, type StateSchema } from '../compiler/program/state.js';
import { parseInstant } from '../models/instant.js';

/** Which of the waiting messages. */
export interface Selection {
  readonly destination: string;
  /** Absent: of every definition. */
  readonly definitions?: readonly string[];
  /** But for these: their way to it is paused. */
  readonly except?: readonly string[];
}

/**
 * Identifiers fall into so many lanes, by a hash. Whatever concerns an identifier is in one lane: who holds the lane keeps its order,
 * and nobody else writes what a destination was told of it.
 */
export const LANES = 65_536;

/** Lanes from `from` up to, and without, `to`. */
export interface Lanes {
  readonly from: number;
  readonly to: number;
}

export const ALL_LANES: Lanes = { from: 0, to: LANES };

/** A stretch of the outbox, small enough to hold in memory unless it says otherwise. */
export interface Page {
  readonly selection: Selection;
  readonly fromRun: number;
  readonly toRun: number;
  readonly lanes: Lanes;
  /** About how many messages; only whole runs of all lanes are counted exactly. */
  readonly about: number;
  /** Read in the order of runs and within a run in a fixed order; else as the engine finds them. */
  readonly sorted: boolean;
  /** Nothing of it was tried before: what became of it need not be looked up. */
  readonly fresh: boolean;
}

/** What waits of a run. */
export interface Waiting {
  readonly run: number;
  readonly messages: number;
  /** Nothing of the run was tried before. */
  readonly fresh: boolean;
}

/** How many messages these are together. */
export const messagesIn = (parts: readonly { readonly messages: number }[]): number =>
  parts.reduce((sum, { messages }) => sum + messages, 0);

/** Outbox rows of a stretch, whatever became of them. */
function queuedRows(state: StateSchema, page: Stretch): Relation {
  const { selection, fromRun, toRun, lanes } = page;
  const { destination, definitions, except = [] } = selection;
  const outbox = state.scan('outbox');
  const some = lanes !== undefined && (lanes.from > 0 || lanes.to < LANES);
  return filter(
    outbox,
    and(
      eq(c(outbox, 'destination_key'), text(destination)),
      ...(definitions === undefined
        ? []
        : [call('in_list', c(outbox, 'definition_key'), ...definitions.map(text))]),
      ...(except.length === 0
        ? []
        : [not(call('in_list', c(outbox, 'definition_key'), ...except.map((key) => text(key))))]),
      ...(fromRun === undefined ? [] : [call('ge', c(outbox, 'run_no'), int(fromRun))]),
      ...(toRun === undefined ? [] : [call('le', c(outbox, 'run_no'), int(toRun))]),
      ...(some ? inLanes(outbox, lanes) : []),
    ),
  );
}

/** A page, or what is not cut yet. */
export type Stretch = Pick<Page, 'selection'> & Partial<Page>;

/** Outbox rows without a final delivery. */
export const pendingRows = (state: StateSchema, page: Stretch): Relation =>
  page.fresh === true
    ? queuedRows(state, page)
    : antiJoin(queuedRows(state, page), finalRows(state, page.selection), ['message_id']);

/** Outbox rows that somebody tried to send, with what came of it or without. */
export const triedRows = (state: StateSchema, page: Stretch): Relation => {
  const deliveries = state.scan('deliveries');
  const own = filter(deliveries, eq(c(deliveries, 'destination_key'), text(page.selection.destination)));
  return semiJoin(queuedRows(state, page), pick(own, ['message_id']), ['message_id']);
};

/** Outbox rows that were delivered. */
export const deliveredRows = (state: StateSchema, page: Stretch): Relation => {
  const { destination } = page.selection;
  const deliveries = state.scan('deliveries');
  const delivered = and(
    eq(c(deliveries, 'destination_key'), text(destination)),
    eq(c(deliveries, 'status'), text('delivered')),
  );
  return semiJoin(queuedRows(state, page), pick(filter(deliveries, delivered), ['message_id']), [
    'message_id',
  ]);
};

/** What an attempt at a message may have come to. */
const TRIED = ['delivered', 'rejected', 'dead', 'failed'] as const;

/** (at): when a message was last tried at a destination; null where none ever was. */
export function lastTried(state: StateSchema, destination: string): Relation {
  const deliveries = state.scan('deliveries');
  const tried = call('in_list', c(deliveries, 'status'), ...TRIED.map((status) => text(status)));
  const own = filter(deliveries, and(eq(c(deliveries, 'destination_key'), text(destination)), tried));
  return aggregate(own, [], [as('at', agg('max', [c(own, 'at')]))]);
}

/** `message_id` of what is not sent to a destination any more. */
function finalRows(state: StateSchema, { destination }: Selection): Relation {
  const deliveries = state.scan('deliveries');
  const own = eq(c(deliveries, 'destination_key'), text(destination));
  return pick(filter(deliveries, and(own, isFinal(deliveries))), ['message_id']);
}

/** An ISO 8601 instant. */
export const momentOf = (iso: string): Expr =>
  lit({ type: 'timestamp', value: String(parseInstant(iso) ?? 0n) });

/** What a destination is told something of: a row each in `sent`. */
export const TOLD = [...WAY_KEYS, ...IDENTIFIER] as const;

/** Of outbox rows that agree in these columns the one that says it last. */
export function lastOfEach(rows: Relation, keys: readonly string[]): Relation {
  const ranked = rowNumber(rows, {
    partitionBy: keys.map((name) => c(rows, name)),
    orderBy: [{ expr: c(rows, 'run_no'), desc: true }, { expr: c(rows, 'message_id') }],
    as: 'nth',
  });
  return filter(ranked, eq(c(ranked, 'nth'), int(1)));
}

/** The keys, and `newest`: the run that said the last of each. */
export const newestOfEach = (rows: Relation, keys: readonly string[]): Relation =>
  aggregate(
    rows,
    keys.map((name) => as(name, c(rows, name))),
    [as('newest', agg('max', [c(rows, 'run_no')]))],
  );

/**
 * The lane of a row of the outbox: a remainder, made positive, as hashes of most engines have a sign. Not of the hash itself: an engine
 * that finds rows by the low digits of the same hash would find those of a stretch of lanes all in one place.
 */
function laneOf(outbox: Relation): Expr {
  const hash = call('int_div', call('hash64', c(outbox, 'identifier')), int(LANES));
  const rest = call('sub', hash, call('mul', call('int_div', hash, int(LANES)), int(LANES)));
  return call('greatest', rest, call('neg', rest));
}

function inLanes(outbox: Relation, { from, to }: Lanes): readonly Expr[] {
  const lane = laneOf(outbox);
  return [call('ge', lane, int(from)), call('lt', lane, int(to))];
}

/** Adds `attempts`: how often each message was tried before. */
export function withAttempts(state: StateSchema, waiting: Relation, { fresh, selection }: Stretch): Relation {
  const kept = (rows: Relation): readonly { readonly name: string; readonly expr: Expr }[] =>
    waiting.columns.map((x) => as(x.name, c(rows, x.name)));
  if (fresh === true) return project(waiting, [...kept(waiting), as('attempts', int(0))]);
  const deliveries = state.scan('deliveries');
  const failed = filter(
    deliveries,
    and(
      eq(c(deliveries, 'status'), text('failed')),
      eq(c(deliveries, 'destination_key'), text(selection.destination)),
    ),
  );
  const before = aggregate(
    failed,
    [as('message_id', c(failed, 'message_id'))],
    [as('attempts', agg('max', [c(failed, 'attempt')]))],
  );
  const joined = join('left', waiting, before, ['message_id']);
  return project(joined, [...kept(joined), as('attempts', call('coalesce', c(joined, 'attempts'), int(0)))]);
}

/** Messages by run: `run_no`, `messages`. */
export const byRun = (rows: Relation): Relation =>
  aggregate(rows, [as('run_no', c(rows, 'run_no'))], [as('messages', agg('count'))]);
