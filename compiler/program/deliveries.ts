/** Messages as state knows them: what they are told apart by, which are done with, which wait. */
import { agg, aggregate, antiJoin, as, c, call, filter, pick, text, values } from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { WAY_KEYS, type StateSchema } from './state.js';

/**
 * Statuses after which a message is not sent again: `rejected` and `dead` ones unless somebody asks for it, `filtered` and
 * `superseded` ones never.
 */
const FINAL_STATUSES = ['delivered', 'rejected', 'dead', 'filtered', 'superseded'] as const;

/** What a message is told apart by. */
export const MESSAGE_KEYS = ['message_id', 'destination_key'] as const;

/** Whether a row of `deliveries` says that its message is not sent again. */
export const isFinal = (deliveries: Relation): Expr =>
  call('in_list', c(deliveries, 'status'), ...FINAL_STATUSES.map((status) => text(status)));

/** Messages that are not sent again, perhaps several times. */
export function finalMessages(schema: StateSchema): Relation {
  const deliveries = schema.scan('deliveries');
  return pick(filter(deliveries, isFinal(deliveries)), MESSAGE_KEYS);
}

/**
 * (destination_key, messages, since): what is still to be sent, or sent again, and since when it waits.
 *
 * @param paused definitions whose way to a destination is paused, by its key: what they keep there is not meant
 */
export function messagesWaiting(
  schema: StateSchema,
  paused: ReadonlyMap<string, readonly string[]> = new Map(),
): Relation {
  const all = antiJoin(schema.scan('outbox'), finalMessages(schema), MESSAGE_KEYS);
  const ways = [...paused].flatMap(([to, keys]) => keys.map((key) => [text(to), text(key)]));
  const keys = WAY_KEYS.map((name): Column => ({ name, type: 'text' }));
  const waiting = ways.length === 0 ? all : antiJoin(all, values(keys, ways), WAY_KEYS);
  return aggregate(
    waiting,
    [as('destination_key', c(waiting, 'destination_key'))],
    [as('messages', agg('count')), as('since', agg('min', [c(waiting, 'created_at')]))],
  );
}
