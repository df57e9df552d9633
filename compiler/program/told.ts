/** What destinations were told last, of each identifier. */
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  eq,
  extend,
  filter,
  int,
  join,
  pick,
  project,
  union,
} from '../ir/build.js';
import type { Named, Relation } from '../ir/types.js';
import { MESSAGE_KEYS } from './deliveries.js';
import { AS_OF } from './identity.js';
import { temporary } from './names.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, type StateSchema } from './state.js';
import { ofWays, WAY } from './ways.js';

/** An identifier on a way. */
export const OF_WAY = [WAY.name, ...IDENTIFIER] as const;

/** `repeats`: how many messages it was sent at this `as_of` by runs before (see `messageId`). */
export const TOLD = temporary('outbox_told', [
  WAY,
  ...IDENTIFIER_COLUMNS,
  { name: 'told', type: 'text' },
  { name: 'repeats', type: 'int' },
]);

/**
 * What destinations were last told, or are about to be: the latest message queued for each identifier, whatever
 * became of it, else what `sent` says. A message that was rejected counts as told, or it would be queued for ever.
 *
 * @param takenBack messages that tell nothing any more: they count among the repeats alone, as their ids are taken
 */
export function told(schema: StateSchema, takenBack?: Relation): Relation {
  const runs = schema.scan('runs');
  const sameRuns = pick(filter(runs, eq(c(runs, 'as_of'), AS_OF)), ['run_no', ['run_id', 'same_as_of']]);
  const queued = join('left', ofWays(schema.scan('outbox')), sameRuns, ['run_no']);
  const sent = ofWays(schema.scan('sent'));
  const latest = takenBack ? latestStanding(queued, takenBack, sent) : latestOf(queued);
  const onlySent = antiJoin(sent, latest, OF_WAY);
  return union([
    latest,
    project(onlySent, [...byWay(onlySent), as('told', c(onlySent, 'value')), as('repeats', int(0))]),
  ]);
}

/** (OF_WAY, told, repeats) of the messages queued for each. */
function latestOf(queued: Relation): Relation {
  return aggregate(queued, byWay(queued), [
    as('told', agg('last', [c(queued, 'value')], { orderBy: [c(queued, 'run_no')] })),
    as('repeats', agg('count', [c(queued, 'same_as_of')])),
  ]);
}

/** The same where some were taken back: of whom all were, it is what was told before; null where that is nothing. */
function latestStanding(queued: Relation, takenBack: Relation, sent: Relation): Relation {
  const marked = join('left', queued, extend(takenBack, [as('taken', int(1))]), MESSAGE_KEYS);
  const isStanding = call('is_null', c(marked, 'taken'));
  const latest = aggregate(marked, byWay(marked), [
    as('standing', agg('last', [c(marked, 'value')], { filter: isStanding, orderBy: [c(marked, 'run_no')] })),
    as('repeats', agg('count', [c(marked, 'same_as_of')])),
  ]);
  const beside = join('left', latest, pick(sent, [...OF_WAY, 'value']), OF_WAY);
  return project(beside, [
    ...byWay(beside),
    as('told', call('coalesce', c(beside, 'standing'), c(beside, 'value'))),
    as('repeats', c(beside, 'repeats')),
  ]);
}

const byWay = (rows: Relation): readonly Named[] => OF_WAY.map((name) => as(name, c(rows, name)));
