/**
 * Who is who, as relations over messages (SEMANTICS §9, last paragraph of Layouts). A *pair* is a user id and
 * an anonymous id seen in one message, either of them possibly none, which is written `''`: an empty identifier
 * is none anyway, and pairs are keys.
 */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  extend,
  filter,
  int,
  join,
  nul,
  or,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { IDENTIFIER } from './state.js';

/** Messages that say anything: with an id, a time and someone they are about. */
const countedMessages = (messages: Relation): Relation =>
  filter(
    messages,
    and(
      call('is_not_null', c(messages, 'message_id')),
      call('is_not_null', c(messages, 'timestamp')),
      or(call('is_not_null', c(messages, 'user_id')), call('is_not_null', c(messages, 'anonymous_id'))),
    ),
  );

const PAIR_VALUES = ['first_at', 'first_id', 'seen_at', 'device_at'] as const;

/** (user_id, anonymous_id, first_at, first_id, seen_at, device_at) of MESSAGE_COLUMNS rows. */
export function pairsOf(messages: Relation): Relation {
  const rows = countedMessages(messages);
  const timestamp = c(rows, 'timestamp');
  const id = c(rows, 'message_id');
  const orNone = (name: string): Expr => call('coalesce', c(rows, name), text(''));
  return aggregate(
    rows,
    [as('user_id', orNone('user_id')), as('anonymous_id', orNone('anonymous_id'))],
    [
      as('first_at', agg('min', [timestamp])),
      as('first_id', agg('first', [id], { orderBy: [timestamp, id] })),
      as('seen_at', agg('min', [timestamp], { filter: c(rows, 'in_universe') })),
      as('device_at', agg('min', [timestamp], { filter: c(rows, 'has_device') })),
    ],
  );
}

/** Brings rows about one key together: the least of each. */
export const mergeFirsts = (rows: Relation, keys: readonly string[]): Relation =>
  aggregate(
    rows,
    keys.map((key) => as(key, c(rows, key))),
    leastOf(rows),
  );

/**
 * Pairs that say something new beside what is stored of them, as they are to be stored: those not seen before, and those of
 * which something was seen earlier.
 */
export function changedPairs(fresh: Relation, stored: Relation): Relation {
  const old = (name: string): string => `stored_${name}`;
  const keys = ['user_id', 'anonymous_id'];
  const before = pick(stored, [
    ...keys,
    ...PAIR_VALUES.map((name): readonly [string, string] => [name, old(name)]),
  ]);
  const rows = join('left', fresh, before, keys);
  const earlier = (name: string): Expr =>
    or(
      call('lt', c(rows, name), c(rows, old(name))),
      and(call('is_not_null', c(rows, name)), call('is_null', c(rows, old(name)))),
    );
  const isFirst = or(
    earlier('first_at'),
    and(
      call('eq', c(rows, 'first_at'), c(rows, old('first_at'))),
      call('lt', c(rows, 'first_id'), c(rows, old('first_id'))),
    ),
  );
  const changed = filter(rows, or(isFirst, earlier('seen_at'), earlier('device_at')));
  return project(changed, [
    ...keys.map((name) => as(name, c(changed, name))),
    ...PAIR_VALUES.map((name) =>
      as(
        name,
        name === 'first_id'
          ? caseWhen([{ when: isFirst, then: c(changed, name) }], c(changed, old(name)))
          : call('least', c(changed, name), c(changed, old(name))),
      ),
    ),
  ]);
}

function leastOf(rows: Relation): readonly Named[] {
  const firstAt = c(rows, 'first_at');
  const firstId = c(rows, 'first_id');
  return [
    as('first_at', agg('min', [firstAt])),
    as('first_id', agg('first', [firstId], { orderBy: [firstAt, firstId] })),
    as('seen_at', agg('min', [c(rows, 'seen_at')])),
    as('device_at', agg('min', [c(rows, 'device_at')])),
  ];
}

/** (identifier_type, identifier) of rows with pairs. */
export function sidesOf(pairs: Relation): Relation {
  const side = (type: 'user_id' | 'anonymous_id'): Relation => {
    const present = filter(pairs, call('ne', c(pairs, type), text('')));
    return project(present, [as('identifier_type', text(type)), as('identifier', c(present, type))]);
  };
  return union([side('user_id'), side('anonymous_id')]);
}

/**
 * What pairs say of each identifier: (identifier_type, identifier, first_at, first_id, seen_at, device_at, owner,
 * owner_at). An anonymous id belongs to the user of its least pair that has one; a pair's first time is its
 * least, so it belongs there at every instant from `owner_at` on and to nobody before.
 *
 * @param only (identifier_type, identifier) of those asked about; absent: all
 */
export function identifiersOf(pairs: Relation, only?: Relation): Relation {
  const side = (type: 'user_id' | 'anonymous_id'): Relation => {
    const present = filter(pairs, call('ne', c(pairs, type), text('')));
    const wanted = only ? semiJoin(present, named(only, type), [type]) : present;
    const user = c(wanted, 'user_id');
    const owner =
      type === 'user_id' ? nul('text') : caseWhen([{ when: call('ne', user, text('')), then: user }]);
    const values = PAIR_VALUES.map((name) => as(name, c(wanted, name)));
    return project(wanted, [
      as('identifier_type', text(type)),
      as('identifier', c(wanted, type)),
      ...values,
      as('owner', owner),
    ]);
  };
  const rows = union([side('user_id'), side('anonymous_id')]);
  // Most are in one pair, of which nothing is to be found out: what orders the others holds their texts in memory.
  const byKey = (of: Relation): readonly Named[] => IDENTIFIER.map((key) => as(key, c(of, key)));
  const several = aggregate(rows, byKey(rows), [], call('gt', agg('count'), int(1)));
  const alone = antiJoin(rows, several, IDENTIFIER);
  const ownedAt = caseWhen([{ when: call('is_not_null', c(alone, 'owner')), then: c(alone, 'first_at') }]);
  const others = semiJoin(rows, several, IDENTIFIER);
  const firstAt = c(others, 'first_at');
  const owner = c(others, 'owner');
  return union([
    extend(alone, [as('owner_at', ownedAt)]),
    aggregate(others, byKey(others), [
      ...leastOf(others),
      as('owner', agg('first', [owner], { orderBy: [firstAt, c(others, 'first_id'), owner] })),
      as('owner_at', agg('min', [firstAt], { filter: call('is_not_null', owner) })),
    ]),
  ]);
}

const named = (identifiers: Relation, type: string): Relation => {
  const own = filter(identifiers, call('eq', c(identifiers, 'identifier_type'), text(type)));
  return pick(own, [['identifier', type]]);
};

/** Events and identifies with whom they are about: (identifier_type, identifier) added. */
export function withIdentifier(events: Relation): Relation {
  const user = c(events, 'user_id');
  const anonymous = c(events, 'anonymous_id');
  const type = caseWhen([{ when: call('is_not_null', user), then: text('user_id') }], text('anonymous_id'));
  return project(events, [
    ...events.columns.map(({ name }) => as(name, c(events, name))),
    as('identifier_type', type),
    as('identifier', call('coalesce', user, anonymous)),
  ]);
}
