/**
 * Whom messages are kept from (`suppress`, `consent`). They are taken for nobody who has anything: so who was told of a beginning
 * is told the end, and who comes back is told again. Who would have been told is written down, once, with why.
 */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  eq,
  extend,
  filter,
  int,
  join,
  nul,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { MESSAGE_KEYS } from './deliveries.js';
import { publishedRows, scanSpec } from './names.js';
import type { Withheld } from './outbox-link.js';
import { isOfSide, withOwnProfile, type Channel } from './receivers.js';
import { IDENTIFIER, STATE, WAY_KEYS, type StateSchema } from './state.js';
import { OF_WAY, TOLD } from './told.js';
import type { StepOp } from './types.js';
import { withProfileId } from './views.js';
import { waysOf, withWayKeys } from './ways.js';

/** The attempt of a message that a run took back before anybody tried to send it. */
const WITHDRAWN = 0;

const BY_PROFILE = ['profile_no'] as const;

/** Profiles in an audience as published. */
function membersOf(schema: StateSchema, no: number): Relation {
  return pick(publishedRows(schema, 'audience', int(no)), BY_PROFILE);
}

/** Rows with a `profile_no` but for those of whom nothing is told. */
export const permitted = (schema: StateSchema, withheld: Withheld | undefined, rows: Relation): Relation =>
  (withheld?.from ?? []).reduce((left, { definitionNo, members }) => {
    const who = membersOf(schema, definitionNo);
    return members ? antiJoin(left, who, BY_PROFILE) : semiJoin(left, who, BY_PROFILE);
  }, rows);

/** The others, with a `reason`: of several the first. */
function refused(schema: StateSchema, { from }: Withheld, rows: Relation): readonly Relation[] {
  return from.map(({ definitionNo, members, reason }, i) => {
    const left = permitted(schema, { from: from.slice(0, i) }, rows);
    const who = membersOf(schema, definitionNo);
    const own = members ? semiJoin(left, who, BY_PROFILE) : antiJoin(left, who, BY_PROFILE);
    return extend(own, [as('reason', text(reason))]);
  });
}

/** Rows of `deliveries` that take back what waits, and nobody tried to send, for those of whom nothing is told now. */
export function withdrawn(schema: StateSchema, channels: readonly Channel[]): StepOp {
  const parts = channels.flatMap((channel) => {
    if (!channel.withheld) return [];
    const ways = pick(withWayKeys(waysOf(channel)), [...WAY_KEYS, 'end_value']);
    const all = join('inner', schema.scan('outbox'), ways, WAY_KEYS);
    // Group calls may go the same way, and are about accounts.
    const queued = filter(all, isOfSide(channel.side, all));
    const begins = and(
      call('ne', c(queued, 'value'), text('null')),
      call('ne', c(queued, 'value'), c(queued, 'end_value')),
    );
    const waiting = antiJoin(
      filter(queued, begins),
      pick(schema.scan('deliveries'), MESSAGE_KEYS),
      MESSAGE_KEYS,
    );
    return refused(schema, channel.withheld, withOwnProfile(schema, waiting, channel.addresses)).map((rows) =>
      pick(rows, [...MESSAGE_KEYS, 'reason']),
    );
  });
  const rows = union(parts);
  const query = project(rows, [
    ...MESSAGE_KEYS.map((name) => as(name, c(rows, name))),
    as('attempt', int(WITHDRAWN)),
    as('status', text('filtered')),
    as('http_status', nul('int')),
    as('error', c(rows, 'reason')),
    as('at', param('started_at', 'timestamp')),
  ]);
  return { op: 'append', table: schema.ref('deliveries'), query };
}

/** Messages that a run took back. */
export function takenBack(schema: StateSchema): Relation {
  const deliveries = schema.scan('deliveries');
  const isTaken = and(
    eq(c(deliveries, 'status'), text('filtered')),
    eq(c(deliveries, 'attempt'), int(WITHDRAWN)),
  );
  return pick(filter(deliveries, isTaken), MESSAGE_KEYS, { distinct: true });
}

const RECEIVER = [...WAY_KEYS, ...IDENTIFIER] as const;

/** Rows of `filtered` since which their receivers were told nothing: it is the same time still. Of some receivers alone. */
function lasting(schema: StateSchema, receivers: Relation): Relation {
  const own = pick(receivers, RECEIVER, { distinct: true });
  const standing = antiJoin(schema.scan('outbox'), takenBack(schema), MESSAGE_KEYS);
  const queued = semiJoin(standing, own, RECEIVER);
  const last = aggregate(
    queued,
    RECEIVER.map((name) => as(name, c(queued, name))),
    [as('told_in', agg('max', [c(queued, 'run_no')]))],
  );
  const rows = join('left', schema.scan('filtered'), last, RECEIVER);
  return filter(rows, call('ge', c(rows, 'run_no'), call('coalesce', c(rows, 'told_in'), int(0))));
}

/**
 * Rows of `filtered`: who would be told something new if nothing were kept from them, and is not there yet.
 *
 * @param held (definition_no, profile_no, value) of those a channel is about
 * @param goneTo their receivers: WAY and RECEIVERS
 */
export function filteredRows(
  schema: StateSchema,
  channels: readonly Channel[],
  held: (channel: Channel) => Relation,
  goneTo: (channel: Channel, rows: Relation) => Relation,
): StepOp {
  const parts = channels.flatMap((channel) =>
    channel.withheld
      ? refused(schema, channel.withheld, held(channel)).map((rows, i) => {
          const told = goneTo(channel, pick(rows, ['definition_no', 'profile_no', 'value']));
          return extend(told, [as('reason', text(channel.withheld?.from[i]?.reason ?? ''))]);
        })
      : [],
  );
  const all = union(parts);
  const beside = join('left', all, pick(scanSpec(TOLD), [...OF_WAY, 'told']), OF_WAY);
  const news = filter(beside, call('is_distinct', c(beside, 'value'), c(beside, 'told')));
  const named = withWayKeys(news);
  const fresh = antiJoin(named, lasting(schema, named), [...RECEIVER, 'value', 'reason']);
  const rows = withProfileId(schema, fresh);
  const query = project(rows, [
    ...[...WAY_KEYS, 'profile_id', ...IDENTIFIER, 'value', 'reason'].map((name) => as(name, c(rows, name))),
    as('run_id', param('run_id', 'text')),
    as('at', param('started_at', 'timestamp')),
    as('run_no', param('run_no', 'int')),
  ]);
  return {
    op: 'append',
    table: schema.ref('filtered'),
    query: pick(
      query,
      STATE.filtered.map(({ name }) => name),
    ),
  };
}
