/**
 * People who asked to be forgotten (`rollcall forget`): what is kept of them are hashes of their identifiers, so that raw
 * rows do not bring them back. In every message a forgotten identifier is none, and a message whose user is forgotten is
 * nobody's: not even of the anonymous id beside it.
 */
import { createHash } from 'node:crypto';
import {
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  extend,
  filter,
  join,
  or,
  pick,
  project,
  text,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { mergeFirsts } from './pairs.js';
import type { StateSchema } from './state.js';

/** That anybody is forgotten, and how their identifiers are hashed. */
export interface Forgotten {
  /** Of this project alone, so that hashes of two projects cannot be compared. */
  readonly salt: string;
}

/** The row of `meta` that holds the salt. */
export const FORGOTTEN_SALT = 'forgotten_salt';

/** The hash that `identifierHash` makes, of a column. */
export const hashedIdentifier = ({ salt }: Forgotten, type: Expr, identifier: Expr): Expr =>
  call('sha256_hex', call('concat', text(`${salt} `), type, text(' '), identifier));

/** What is kept of an identifier. */
export const identifierHash = ({ salt }: Forgotten, type: string, identifier: string): string =>
  createHash('sha256').update(`${salt} ${type} ${identifier}`).digest('hex');

/** `forgotten_hash` of everyone forgotten. */
export const forgottenHashes = (schema: StateSchema): Relation =>
  pick(schema.scan('forgotten'), [['identifier_hash', 'forgotten_hash']], { distinct: true });

/**
 * Pairs of identifiers without those forgotten: who was seen with a forgotten user was seen with nobody, as if the message
 * were not there; whoever was seen with a forgotten anonymous id was seen alone.
 *
 * @param keys the columns that tell pairs apart
 */
export function livingPairs(
  schema: StateSchema,
  forgotten: Forgotten,
  pairs: Relation,
  keys: readonly string[],
): Relation {
  const hash = (type: 'user_id' | 'anonymous_id'): Expr =>
    hashedIdentifier(forgotten, text(type), c(pairs, type));
  const hashed = extend(pairs, [
    as('user_hash', hash('user_id')),
    as('anonymous_hash', hash('anonymous_id')),
  ]);
  const hashes = forgottenHashes(schema);
  const others = antiJoin(hashed, hashes, [{ left: 'user_hash', right: 'forgotten_hash' }]);
  const beside = join('left', others, hashes, [{ left: 'anonymous_hash', right: 'forgotten_hash' }]);
  const isLiving = call('is_null', c(beside, 'forgotten_hash'));
  const named = project(
    beside,
    pairs.columns.map(({ name }) =>
      as(
        name,
        name === 'anonymous_id'
          ? caseWhen([{ when: isLiving, then: c(beside, name) }], text(''))
          : c(beside, name),
      ),
    ),
  );
  const somebody = filter(
    named,
    or(call('ne', c(named, 'user_id'), text('')), call('ne', c(named, 'anonymous_id'), text(''))),
  );
  return mergeFirsts(somebody, keys);
}
