/** What has changed for destinations: what should be true of each identifier now against what it was told last. */
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
  or,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { scanSpec, temporary } from './names.js';
import type { OutboxInput } from './outbox-link.js';
import {
  holders,
  isOfSide,
  receivers,
  RECEIVERS,
  withOwnProfile,
  withTrue,
  type Channel,
  type Side,
} from './receivers.js';
import { IDENTIFIER, WAY_KEYS, type StateSchema } from './state.js';
import { OF_WAY, TOLD } from './told.js';
import { channelsOf, WAY, waysOf, withWayKeys } from './ways.js';
import { permitted } from './withheld.js';

/** Identifiers to be told something on a way. */
export const CHANGES = temporary('outbox_changes', [WAY, ...RECEIVERS, { name: 'repeats', type: 'int' }]);

const DEFINITION = ['definition_no'] as const;

/** (definition_no, profile_no, value): everyone a channel is about, of definitions that go a way. */
export function everyone(schema: StateSchema, channel: Channel, ways = waysOf(channel)): Relation {
  const isTrait = channel.shape === 'trait';
  const own = semiJoin(schema.scan(isTrait ? 'trait_state' : 'member_state'), ways, DEFINITION);
  const rows = isTrait ? pick(own, [...DEFINITION, 'profile_no', 'value']) : withTrue(own, DEFINITION);
  return holders(channel, rows, DEFINITION);
}

/** Receivers of the ways of a channel: WAY and RECEIVERS. */
export const goneTo = (schema: StateSchema, channel: Channel, held: Relation, ways: Relation): Relation =>
  receivers(schema, channel, join('inner', held, pick(ways, [WAY.name, ...DEFINITION]), DEFINITION), [
    WAY.name,
  ]);

/** Identifiers to be told something new, or the end of something alone. */
export const changes = (
  schema: StateSchema,
  channels: readonly Channel[],
  all: boolean,
  resent: readonly number[],
): Relation =>
  union(
    channels.flatMap((channel) => {
      const ways = waysOf(channel);
      const held = permitted(schema, channel.withheld, everyone(schema, channel));
      const ended = ends(schema, channel, held, ways);
      return all ? [news(goneTo(schema, channel, held, ways), resent), ended] : [ended];
    }),
  );

/** Receivers who were last told something else; on ways that are sent again, all of them. */
function news(rows: Relation, resent: readonly number[]): Relation {
  const beside = join('left', rows, scanSpec(TOLD), OF_WAY);
  const differs = call('is_distinct', c(beside, 'value'), c(beside, 'told'));
  const again = call('in_list', c(beside, WAY.name), ...resent.map((no) => int(no)));
  const differing = filter(beside, resent.length === 0 ? differs : or(differs, again));
  return project(differing, [
    ...[WAY, ...RECEIVERS].map(({ name }) => as(name, c(differing, name))),
    as('repeats', call('coalesce', c(differing, 'repeats'), int(0))),
  ]);
}

/** Ends go to every identifier that was told of a beginning, and whose profile of today has none of it. */
function ends(schema: StateSchema, channel: Channel, held: Relation, ways: Relation): Relation {
  const before = join('inner', scanSpec(TOLD), ways, [WAY.name]);
  const ended = filter(before, and(isOfSide(channel.side, before), standing(channel, before)));
  const gone = antiJoin(withOwnProfile(schema, ended, channel.addresses), held, [
    ...DEFINITION,
    'profile_no',
  ]);
  return project(gone, [
    ...[...OF_WAY, 'profile_no'].map((name) => as(name, c(gone, name))),
    as('value', c(gone, 'end_value')),
    as('repeats', c(gone, 'repeats')),
  ]);
}

/** Whether what was told last is something that can end. */
function standing({ shape }: Channel, rows: Relation): Expr {
  const last = c(rows, 'told');
  if (shape === 'audience') return eq(last, text('true'));
  return and(call('ne', last, text('null')), call('ne', last, c(rows, 'end_value')));
}

/** Rows of `sent` that say what is true for some ways, without sending it. */
export function baselineRows(schema: StateSchema, inputs: readonly OutboxInput[]): Relation {
  const rows = union(
    channelsOf(inputs).map((channel) => {
      const all = waysOf(channel);
      const own = inputs.map(({ no }) => int(no));
      const ways = filter(all, call('in_list', c(all, WAY.name), ...own));
      const held = permitted(schema, channel.withheld, everyone(schema, channel, ways));
      return goneTo(schema, channel, held, ways);
    }),
  );
  const named = withWayKeys(rows);
  return project(named, [
    ...[...WAY_KEYS, ...IDENTIFIER, 'value'].map((name) => as(name, c(named, name))),
    as('sent_at', AS_OF),
  ]);
}

/** `{ way, people, accounts }`: how many changes there are of each way that has any. */
export function counted(): Relation {
  const rows = scanSpec(CHANGES);
  const count = (side: Side): Expr => agg('count', [], { filter: isOfSide(side, rows) });
  return aggregate(
    rows,
    [as(WAY.name, c(rows, WAY.name))],
    (['people', 'accounts'] as const).map((side) => as(side, count(side))),
  );
}
