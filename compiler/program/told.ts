/** What destinations were told last, of each identifier. */
import { agg, aggregate, antiJoin, as, c, eq, filter, int, join, pick, project, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
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
 * @param outbox its rows that count
 */
export function told(schema: StateSchema, outbox: Relation): Relation {
  const runs = schema.scan('runs');
  const sameRuns = pick(filter(runs, eq(c(runs, 'as_of'), AS_OF)), ['run_no', ['run_id', 'same_as_of']]);
  const queued = join('left', ofWays(outbox), sameRuns, ['run_no']);
  const latest = aggregate(
    queued,
    OF_WAY.map((name) => as(name, c(queued, name))),
    [
      as('told', agg('last', [c(queued, 'value')], { orderBy: [c(queued, 'run_no')] })),
      as('repeats', agg('count', [c(queued, 'same_as_of')])),
    ],
  );
  const onlySent = antiJoin(ofWays(schema.scan('sent')), latest, OF_WAY);
  return union([
    latest,
    project(onlySent, [
      ...OF_WAY.map((name) => as(name, c(onlySent, name))),
      as('told', c(onlySent, 'value')),
      as('repeats', int(0)),
    ]),
  ]);
}
