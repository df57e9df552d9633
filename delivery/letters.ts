/** Dead letters: messages that a destination refused for good, or that failed too often, put back to be sent again. */
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  pick,
  project,
  semiJoin,
  text,
} from '../compiler/ir/build.js';
import type { Relation } from '../compiler/ir/types.js';
import { MESSAGE_KEYS } from '../compiler/program/deliveries.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import { newestOfEach, TOLD } from './rows.js';
import { perform, rowsOf, tablesOf, type Site } from './site.js';

/** Which dead letters. */
export interface Letters {
  readonly destination?: string;
  readonly definition?: string;
}

/** Puts dead letters back; stale ones stay where they are. Before the first run there are none. */
export async function putBackLetters(
  site: Site,
  letters: Letters,
): Promise<{ readonly retried: number; readonly stale: number }> {
  if (!(await tablesOf(site)).has('deliveries')) return { retried: 0, stale: 0 };
  const counts = await rowsOf(site, countLetters(site.state, letters));
  const of = (stale: string): number => {
    const row = counts.find((one) => String(one['stale']) === stale);
    return row === undefined ? 0 : Number(row['messages']);
  };
  const found = { retried: of('false'), stale: of('true') };
  if (found.retried > 0) await perform(site, putBackStep(site.state, letters));
  return found;
}

/**
 * Dead letters and whether each is stale: a newer message of the same identifier and definition was delivered since, so that it is
 * never sent again. `message_id`, `destination_key`, `attempt`, `stale`.
 */
function deadLetters(state: StateSchema, { destination, definition }: Letters): Relation {
  const deliveries = state.scan('deliveries');
  const outbox = state.scan('outbox');
  const dead = filter(deliveries, call('in_list', c(deliveries, 'status'), text('rejected'), text('dead')));
  const own = filter(
    outbox,
    and(
      ...(destination === undefined ? [] : [eq(c(outbox, 'destination_key'), text(destination))]),
      ...(definition === undefined ? [] : [eq(c(outbox, 'definition_key'), text(definition))]),
    ),
  );
  const letters = join(
    'inner',
    pick(own, [...TOLD, 'message_id', 'run_no']),
    pick(dead, [...MESSAGE_KEYS, 'attempt']),
    MESSAGE_KEYS,
  );
  const done = filter(deliveries, eq(c(deliveries, 'status'), text('delivered')));
  const told = semiJoin(semiJoin(outbox, pick(letters, TOLD), TOLD), pick(done, MESSAGE_KEYS), MESSAGE_KEYS);
  const beside = join('left', letters, newestOfEach(told, TOLD), TOLD);
  const later = call('gt', call('coalesce', c(beside, 'newest'), int(-1)), c(beside, 'run_no'));
  return project(beside, [
    ...[...MESSAGE_KEYS, 'attempt'].map((name) => as(name, c(beside, name))),
    as('stale', later),
  ]);
}

/** How many of them may be sent again, and how many are stale: `stale`, `messages`. */
function countLetters(state: StateSchema, letters: Letters): Relation {
  const rows = deadLetters(state, letters);
  return aggregate(rows, [as('stale', c(rows, 'stale'))], [as('messages', agg('count'))]);
}

/** They wait again, with the attempts they had. */
function putBackStep(state: StateSchema, letters: Letters): StepOp {
  const rows = deadLetters(state, letters);
  const back = filter(rows, call('not', c(rows, 'stale')));
  const query = project(back, [
    ...[...MESSAGE_KEYS, 'attempt'].map((name) => as(name, c(back, name))),
    as('status', text('failed')),
  ]);
  return {
    op: 'merge',
    table: state.ref('deliveries'),
    query,
    keys: [...MESSAGE_KEYS, 'attempt'],
    set: ['status'],
    insert: false,
  };
}
