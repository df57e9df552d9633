/**
 * Traits that go along with messages: their values as of the run, beside rows with a profile. They are read after the run's
 * state was written; a change of such a value alone is no change to tell.
 */
import { hashedName } from '../bind/paths.js';
import type { Level, ValueColumn } from '../bind/types.js';
import { as, c, call, caseWhen, int, join, lit, not, pick, project } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { accountTraits, accountUsers, customTraits, publishedRows, scanSpec } from './names.js';
import type { TraitAlong, TraitPlace } from './outbox-link.js';
import type { StateSchema } from './state.js';

/** The column that `withTraits` puts a trait into. */
function columnOf(from: TraitPlace): string {
  switch (from.kind) {
    case 'custom':
      return hashedName(`along_${from.column.name}`, from.of, from.column.name);
    case 'values':
      return hashedName(`along_${from.key}`, from.kind, from.key);
    case 'members':
      return hashedName(`along_${from.key}`, from.kind, from.key, String(from.lifted));
  }
}

/** Rows with a `profile_no`, each trait beside them. */
export function withTraits(schema: StateSchema, rows: Relation, along: readonly TraitAlong[]): Relation {
  const places = new Map(along.map(({ from }) => [columnOf(from), from]));
  const customs = (of: Level): readonly ValueColumn[] =>
    [...places.values()].flatMap((from) => (from.kind === 'custom' && from.of === of ? [from.column] : []));
  const beside: Relation[] = [];
  for (const of of ['users', 'accounts'] as const) {
    const columns = customs(of);
    if (columns.length === 0) continue;
    const all = scanSpec(of === 'users' ? customTraits(schema, columns) : accountTraits(columns));
    const named = columns.map((column): readonly [string, string] => [
      column.name,
      columnOf({ kind: 'custom', of, column }),
    ]);
    beside.push(pick(all, ['profile_no', ...named]));
  }
  for (const [name, from] of places) {
    if (from.kind === 'values') beside.push(valuesOf(schema, from.definitionNo, name));
    if (from.kind === 'members') beside.push(membersOf(schema, from, name));
  }
  return beside.reduce((left, right) => join('left', left, right, ['profile_no']), rows);
}

function valuesOf(schema: StateSchema, definitionNo: number, name: string): Relation {
  return pick(publishedRows(schema, 'trait', int(definitionNo)), ['profile_no', ['value', name]]);
}

function membersOf(
  schema: StateSchema,
  { definitionNo, lifted }: TraitPlace & { kind: 'members' },
  name: string,
): Relation {
  const own = publishedRows(schema, 'audience', int(definitionNo));
  const theirs = (): Relation =>
    join('inner', accountUsers(), pick(own, [['profile_no', 'account']]), ['account']);
  const rows = lifted ? pick(theirs(), ['profile_no'], { distinct: true }) : own;
  return project(rows, [as('profile_no', c(rows, 'profile_no')), as(name, int(1))]);
}

const json = (value: string): Expr => lit({ type: 'json', value });

/** The value of a trait in rows of `withTraits`, as JSON; null where there is none, or it was removed. */
export function traitValue(rows: Relation, { from }: TraitAlong): Expr {
  const value = c(rows, columnOf(from));
  switch (from.kind) {
    case 'custom':
      return caseWhen([{ when: not(call('json_is_null', value)), then: value }]);
    case 'values':
      return call('parse_json', from.zero ? call('coalesce', value, ZERO) : value);
    case 'members':
      return caseWhen([{ when: call('is_not_null', value), then: json('true') }], json('false'));
  }
}

const ZERO = lit({ type: 'text', value: '0' });
