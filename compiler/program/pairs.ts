/**
 * Who is who, as relations over messages (SEMANTICS §9, last paragraph of Layouts). A *pair* is a user id and
 * an anonymous id seen in one message, either of them possibly none, which is written `''`: an empty identifier
 * is none anyway, and pairs are keys.
 */
import { agg, and, as, c, call, caseWhen, filter, or, project, text, union, aggregate } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';

/** Messages that say anything: with an id, a time and someone they are about. */
export const countedMessages = (messages: Relation): Relation =>
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
export function mergeFirsts(rows: Relation, keys: readonly string[]): Relation {
  const firstAt = c(rows, 'first_at');
  const firstId = c(rows, 'first_id');
  return aggregate(
    rows,
    keys.map((key) => as(key, c(rows, key))),
    [
      as('first_at', agg('min', [firstAt])),
      as('first_id', agg('first', [firstId], { orderBy: [firstAt, firstId] })),
      as('seen_at', agg('min', [c(rows, 'seen_at')])),
      as('device_at', agg('min', [c(rows, 'device_at')])),
    ],
  );
}

/** (identifier_type, identifier, first_at, first_id, seen_at, device_at) of pairs. */
export function identifiersOf(pairs: Relation): Relation {
  const side = (type: 'user_id' | 'anonymous_id'): Relation => {
    const present = filter(pairs, call('ne', c(pairs, type), text('')));
    const values = PAIR_VALUES.map((name) => as(name, c(present, name)));
    return project(present, [
      as('identifier_type', text(type)),
      as('identifier', c(present, type)),
      ...values,
    ]);
  };
  return mergeFirsts(union([side('user_id'), side('anonymous_id')]), ['identifier_type', 'identifier']);
}

/**
 * (anonymous_id, owner): the user an anonymous id belongs to at `asOf`, the one of its first pair with a user.
 * A pair's first time is its least, so `first_at <= as_of` says whether the pair was there by then.
 */
export function ownersOf(pairs: Relation, asOf: Expr): Relation {
  const both = filter(
    pairs,
    and(
      call('ne', c(pairs, 'user_id'), text('')),
      call('ne', c(pairs, 'anonymous_id'), text('')),
      call('le', c(pairs, 'first_at'), asOf),
    ),
  );
  const user = c(both, 'user_id');
  return aggregate(
    both,
    [as('anonymous_id', c(both, 'anonymous_id'))],
    [as('owner', agg('first', [user], { orderBy: [c(both, 'first_at'), c(both, 'first_id'), user] }))],
  );
}

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
