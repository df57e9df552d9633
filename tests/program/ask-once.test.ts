/** What the rows of several definitions are asked alike, a statement asks once. */
import { expect, it } from 'vitest';
import { as, c, filter, int, pick, project, scan, semiJoin } from '../../compiler/ir/build.js';
import type { Relation } from '../../compiler/ir/types.js';
import { askedOnce } from '../../compiler/rewrite/index.js';

const rowsOf = (name: string): Relation =>
  scan({ schema: 's', name }, [
    { name: 'profile_no', type: 'int' },
    { name: 'known', type: 'bool' },
  ]);

/** Another object each time, that says the same. */
const known = (): Relation => {
  const rows = rowsOf('profiles');
  return pick(filter(rows, c(rows, 'known')), ['profile_no']);
};
const asked = (name: string, of: Relation): Relation =>
  semiJoin(pick(rowsOf(name), ['profile_no']), of, ['profile_no']);

const together = (rows: readonly Relation[]): Relation =>
  askedOnce(
    rows.map((own, i) => ({ own, no: i + 1 })),
    ({ own }) => own,
    ({ no }, own) => project(own, [as('no', int(no)), as('profile_no', c(own, 'profile_no'))]),
  );

it('asks the union of those that ask alike, and the others for themselves', () => {
  const made = together([
    asked('a', known()),
    pick(rowsOf('b'), ['profile_no']),
    asked('c', pick(rowsOf('d'), ['profile_no'])),
    asked('e', known()),
  ]);
  const table = (relation: Relation): string | undefined =>
    relation.kind === 'scan' ? relation.table.name : 'input' in relation ? table(relation.input) : undefined;
  const shape = (relation: Relation): unknown => {
    if (relation.kind === 'union') return relation.inputs.map(shape);
    if (relation.kind === 'semi_join') return { of: shape(relation.left), among: table(relation.right) };
    return relation.kind === 'project' && relation.input.kind === 'semi_join'
      ? shape(relation.input)
      : table(relation);
  };
  expect(shape(made)).toEqual([{ of: ['a', 'e'], among: 'profiles' }, 'b', { of: 'c', among: 'd' }]);
  expect(made.columns.map(({ name }) => name)).toEqual(['no', 'profile_no']);
});

it('leaves one alone as it is', () => {
  const made = together([asked('a', known())]);
  expect(made.kind).not.toBe('semi_join');
});
