/**
 * Steps too long for one statement, as several: what puts in, changes or takes out the rows of a union, or of a list
 * of constants, may do so a part at a time, as may what makes views. Steps whose rows depend on all of them at once cannot be split.
 */
import * as ir from '../compiler/ir/build.js';
import type { Relation } from '../compiler/ir/types.js';
import type { Step } from '../compiler/program/types.js';

/** Two steps that together do what one does, or nothing where there are no such. */
export function splitStep(step: Step): readonly [Step, Step] | undefined {
  if (step.op === 'views') {
    if (step.views.length < 2) return undefined;
    const [first, second] = halves(step.views);
    return [
      { ...step, views: first },
      { ...step, views: second },
    ];
  }
  if (step.op !== 'append' && step.op !== 'replace' && step.op !== 'merge' && step.op !== 'delete')
    return undefined;
  const parts = step.query && parted(step.query);
  if (!parts) return undefined;
  const [first, second] = parts;
  if (step.op !== 'replace')
    return [
      { ...step, query: first },
      { ...step, query: second },
    ];
  const { op: _op, spec, ...rest } = step;
  const more: Step = {
    ...rest,
    op: 'append',
    table: spec.table,
    query: second,
    ...(spec.temporary && { temporary: true }),
  };
  return [{ ...step, query: first }, more];
}

/** Both halves of what is more than one. */
export function halves<T>(items: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** Two relations whose rows together are those of one, row by row. */
function parted(relation: Relation): readonly [Relation, Relation] | undefined {
  const over = (
    input: Relation,
    make: (half: Relation) => Relation,
  ): readonly [Relation, Relation] | undefined => {
    const parts = parted(input);
    return parts && [make(parts[0]), make(parts[1])];
  };
  switch (relation.kind) {
    case 'values': {
      const { rows, columns } = relation;
      if (rows.length < 2) return undefined;
      const [first, second] = halves(rows);
      return [ir.values(columns, first), ir.values(columns, second)];
    }
    case 'union': {
      const { inputs, all } = relation;
      if (!all) return undefined;
      const [only] = inputs;
      if (inputs.length === 1 && only) return parted(only);
      // Columns go by position, and are called as those of the first.
      const named = (half: readonly Relation[]): Relation => {
        const rows = ir.union(half);
        return ir.project(
          rows,
          relation.columns.map(({ name }, i) => ir.as(name, ir.c(rows, rows.columns[i]?.name ?? name))),
        );
      };
      const [first, second] = halves(inputs);
      return [named(first), named(second)];
    }
    case 'filter':
      return over(relation.input, (input) => ({ ...relation, input }));
    case 'project':
      return relation.distinct ? undefined : over(relation.input, (input) => ({ ...relation, input }));
    case 'semi_join':
    case 'anti_join':
      return over(relation.left, (left) => ({ ...relation, left }));
    default:
      return undefined;
  }
}
