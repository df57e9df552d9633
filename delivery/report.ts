/** The delivery overview: what became of the messages that were made in a range of time, by definition and destination. */
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  caseWhen,
  eq,
  filter,
  int,
  join,
  lit,
  pick,
  project,
  text,
} from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';
import { MESSAGE_KEYS } from '../compiler/program/deliveries.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Row } from '../dialects/warehouse.js';
import type { JsonTree } from '../models/json-text.js';
import { readObject } from '../models/source/tree.js';
import { messagesIn, momentOf } from './rows.js';
import { tablesOf, type Site } from './site.js';

/** Of which messages: those made from `since` up to, and without, `until` (ISO 8601 instants). */
export interface ReportRange {
  readonly since: string;
  readonly until: string;
  readonly destination?: string;
  readonly definition?: string;
}

/** What a report is read with. */
export interface ReportSite extends Site {
  /** All rows of a query; what may pass is asked again. */
  readonly rows: (query: Relation) => Promise<readonly Row[]>;
}

export interface Sample {
  readonly message_id: string | null;
  readonly identifier_type: string;
  readonly identifier: string;
  /** Null where a run left it out of the outbox. */
  readonly payload: JsonTree;
}

/** Messages of one fate. */
export interface Group {
  /** What the destination said, or why it was not asked; null where nobody said anything. */
  readonly reason: string | null;
  readonly http_status: number | null;
  readonly messages: number;
  readonly samples: readonly Sample[];
}

/** Where a message stands. */
export const FATES = ['delivered', 'waiting', 'pending_retry', 'failed', 'filtered', 'superseded'] as const;
export type FateName = (typeof FATES)[number];

/** What became of the messages of a definition at a destination. */
export type WayReport = Readonly<Record<FateName, number>> & {
  readonly definition: string;
  readonly destination: string;
  readonly created: number;
  /** Of the created ones, with a digit after the point. */
  readonly percent: Readonly<Record<FateName, number>>;
  readonly groups: Readonly<Record<FateName, readonly Group[]>>;
};

export interface DeliveryReport {
  readonly since: string;
  readonly until: string;
  readonly ways: readonly WayReport[];
}

/** Status in `deliveries` to where the message stands. */
const FATE_OF: Readonly<Record<string, FateName>> = {
  delivered: 'delivered',
  failed: 'pending_retry',
  rejected: 'failed',
  dead: 'failed',
  filtered: 'filtered',
  superseded: 'superseded',
};

/** Reasons of a fate that are told one by one; the rest of them are put together. */
const MOST_REASONS = 20;

/** Reads the overview; empty before the first run. */
export async function deliveryReport(site: ReportSite, range: ReportRange): Promise<DeliveryReport> {
  const { since, until } = range;
  const found: Found[] = [];
  const tables = await tablesOf(site);
  if (tables.has('outbox') && tables.has('deliveries')) {
    const rows = await site.rows(byFate(site.state, range));
    const idsOf = (row: Row): readonly string[] => [row['least'], row['greatest']].map(String);
    const samples = await samplesOf(site, rows.flatMap(idsOf));
    for (const row of rows) {
      const ids = [...new Set(idsOf(row))];
      const fate = row['status'] === null ? 'waiting' : (FATE_OF[String(row['status'])] ?? 'waiting');
      const own = ids.flatMap((id) => samples.get(id) ?? []);
      found.push(foundOf(row, fate, row['error'], own));
    }
  }
  if (tables.has('filtered'))
    for (const row of await site.rows(leftOut(site.state, range))) {
      const sample = { message_id: null, ...identifierOf(row), payload: null };
      found.push(foundOf(row, 'filtered', row['reason'], [sample]));
    }
  const ways = new Map<string, Found[]>();
  for (const one of found) {
    const key = JSON.stringify([one.definition, one.destination]);
    ways.set(key, [...(ways.get(key) ?? []), one]);
  }
  return {
    since,
    until,
    ways: [...ways.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, all]) => wayOf(all)),
  };
}

interface Found {
  readonly definition: string;
  readonly destination: string;
  readonly fate: FateName;
  readonly group: Group;
}

function foundOf(
  row: Row,
  fate: FateName,
  reason: Row[string] | undefined,
  samples: readonly Sample[],
): Found {
  const status = row['http_status'];
  return {
    definition: String(row['definition_key']),
    destination: String(row['destination_key']),
    fate,
    group: {
      reason: reason == null ? null : String(reason),
      http_status: status == null ? null : Number(status),
      messages: Number(row['messages']),
      samples,
    },
  };
}

function wayOf(all: readonly Found[]): WayReport {
  const [{ definition, destination } = { definition: '', destination: '' }] = all;
  const each = <T>(of: (fate: FateName) => T): Record<FateName, T> =>
    Object.fromEntries(FATES.map((fate) => [fate, of(fate)])) as Record<FateName, T>;
  const groups = each((fate) => fewest(all.filter((one) => one.fate === fate).map(({ group }) => group)));
  const numbers = each((fate) => messagesIn(groups[fate]));
  const created = FATES.reduce((sum, fate) => sum + numbers[fate], 0);
  const percent = each((fate) => (created === 0 ? 0 : Math.round((1000 * numbers[fate]) / created) / 10));
  return { definition, destination, created, ...numbers, percent, groups };
}

/** The largest groups, and the rest as one. */
function fewest(groups: readonly Group[]): readonly Group[] {
  const sorted = [...groups].sort(
    (a, b) => b.messages - a.messages || ((a.reason ?? '') < (b.reason ?? '') ? -1 : 1),
  );
  const rest = sorted.slice(MOST_REASONS);
  if (rest.length === 0) return sorted;
  const messages = messagesIn(rest);
  const reason = `${rest.length} other reasons`;
  return [
    ...sorted.slice(0, MOST_REASONS),
    { reason, http_status: null, messages, samples: rest[0]?.samples ?? [] },
  ];
}

/** Messages made in the range: where each stands is what was said of it last. */
function byFate(state: StateSchema, range: ReportRange): Relation {
  const outbox = state.scan('outbox');
  const made = filter(outbox, inRange(outbox, 'created_at', range));
  const deliveries = state.scan('deliveries');
  // Giving up is no attempt, and comes after the last.
  const final = caseWhen([{ when: eq(c(deliveries, 'status'), text('failed')), then: int(0) }], int(1));
  const orderBy = [c(deliveries, 'attempt'), final];
  const last = aggregate(
    deliveries,
    MESSAGE_KEYS.map((name) => as(name, c(deliveries, name))),
    // `last` passes over nulls, which are what was said as well.
    [
      as('status', agg('last', [c(deliveries, 'status')], { orderBy })),
      as('http_status', agg('last', [call('coalesce', c(deliveries, 'http_status'), int(0))], { orderBy })),
      as('error', agg('last', [call('coalesce', c(deliveries, 'error'), text(''))], { orderBy })),
    ],
  );
  const beside = join('left', pick(made, [...MESSAGE_KEYS, 'definition_key']), last, MESSAGE_KEYS);
  const by = ['definition_key', 'destination_key', 'status'];
  const delivered = eq(c(beside, 'status'), text('delivered'));
  const told = project(beside, [
    ...[...by, 'message_id'].map((name) => as(name, c(beside, name))),
    as(
      'http_status',
      caseWhen([{ when: call('ne', c(beside, 'http_status'), int(0)), then: c(beside, 'http_status') }]),
    ),
    as(
      'error',
      caseWhen([
        {
          when: and(
            call('not', call('coalesce', delivered, lit({ type: 'bool', value: false }))),
            call('ne', c(beside, 'error'), text('')),
          ),
          then: c(beside, 'error'),
        },
      ]),
    ),
  ]);
  return aggregate(
    told,
    [...by, 'http_status', 'error'].map((name) => as(name, c(told, name))),
    [
      as('messages', agg('count')),
      as('least', agg('min', [c(told, 'message_id')])),
      as('greatest', agg('max', [c(told, 'message_id')])),
    ],
  );
}

/** Receivers that runs left out in the range. */
function leftOut(state: StateSchema, range: ReportRange): Relation {
  const rows = state.scan('filtered');
  const made = filter(rows, inRange(rows, 'at', range));
  const least = (name: string): Expr =>
    agg('first', [c(made, name)], { orderBy: [c(made, 'identifier'), c(made, 'identifier_type')] });
  return aggregate(
    made,
    ['definition_key', 'destination_key', 'reason'].map((name) => as(name, c(made, name))),
    [
      as('messages', agg('count')),
      as('identifier_type', least('identifier_type')),
      as('identifier', least('identifier')),
    ],
  );
}

function inRange(
  rows: Relation,
  column: string,
  { since, until, destination, definition }: ReportRange,
): Expr {
  return and(
    call('ge', c(rows, column), momentOf(since)),
    call('lt', c(rows, column), momentOf(until)),
    ...(destination === undefined ? [] : [eq(c(rows, 'destination_key'), text(destination))]),
    ...(definition === undefined ? [] : [eq(c(rows, 'definition_key'), text(definition))]),
  );
}

async function samplesOf(site: ReportSite, ids: readonly string[]): Promise<ReadonlyMap<string, Sample>> {
  const wanted = [...new Set(ids)].slice(0, 500);
  if (wanted.length === 0) return new Map();
  const outbox = site.state.scan('outbox');
  const those = filter(outbox, call('in_list', c(outbox, 'message_id'), ...wanted.map(text)));
  const rows = await site.rows(pick(those, ['message_id', 'identifier_type', 'identifier', 'payload']));
  return new Map(
    rows.map((row) => [
      String(row['message_id']),
      {
        message_id: String(row['message_id']),
        ...identifierOf(row),
        payload: parsed(String(row['payload'])),
      },
    ]),
  );
}

const identifierOf = (row: Row): Pick<Sample, 'identifier_type' | 'identifier'> => ({
  identifier_type: String(row['identifier_type']),
  identifier: String(row['identifier']),
});

function parsed(payload: string): JsonTree {
  try {
    return readObject(payload);
  } catch {
    return payload;
  }
}
