import type { Duration } from '../../models/algebra.js';
import { c, call, caseWhen, filter, or, partitionMax, pick, previous } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { asOf, moved } from './compare.js';

const LATER = 'rollcall_later';
const BREAK = 'rollcall_break';

/**
 * Of event rows those of each key's last session, if that has not expired: chained back from `as_of` while no gap is
 * longer than the duration. A gap of just that length does not break it. A row after which it breaks is outside, and so
 * is every row at or before the latest such one: rows of one instant are in or out together.
 */
export function lastSession(rows: Relation, key: readonly string[], expiresAfter: Duration): Relation {
  const partitionBy = key.map((name) => c(rows, name));
  const time = c(rows, 'timestamp');
  const followed = previous(rows, {
    arg: time,
    partitionBy,
    orderBy: [{ expr: time, desc: true }],
    as: LATER,
  });
  const later = call('coalesce', c(followed, LATER), asOf());
  const breaks = call('gt', later, moved(time, expiresAfter, 1));
  const broken = partitionMax(followed, {
    arg: caseWhen([{ when: breaks, then: time }]),
    partitionBy,
    as: BREAK,
  });
  const latest = c(broken, BREAK);
  const session = filter(broken, or(call('is_null', latest), call('gt', time, latest)));
  return pick(
    session,
    rows.columns.map(({ name }) => name),
  );
}
