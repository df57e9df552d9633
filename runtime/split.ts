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
    const { views } = step;
    const middle = Math.ceil(views.length / 2);
    if (views.length < 2) return undefined;
    return [
      { ...step, views: views.slice(0, middle) },
      { ...step, views: views.slice(middle) },
    ];
  }
  if (step.op !== 'append' && step.op !== 'replace' && step.op !== 'merge' && step.op !== 'delete')
    return undefined;
  const parts = step.query && halves(step.query);
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

/** Two relations whose rows together are those of one, row by row. */
function halves(relation: Relation): readonly [Relation, Relation] | undefined {
  const over = (
    input: Relation,
    make: (half: Relation) => Relation,
  ): readonly [Relation, Relation] | undefined => {
    const parts = halves(input);
    return parts && [make(parts[0]), make(parts[1])];
  };
  switch (relation.kind) {
    case 'values': {
      const { rows, columns } = relation;
      const middle = Math.ceil(rows.length / 2);
      if (rows.length < 2) return undefined;
      return [ir.values(columns, rows.slice(0, middle)), ir.values(columns, rows.slice(middle))];
    }
    case 'union': {
      const { inputs, all } = relation;
      if (!all) return undefined;
      const [only] = inputs;
      if (inputs.length === 1 && only) return halves(only);
      const middle = Math.ceil(inputs.length / 2);
      // Columns go by position, and are called as those of the first.
      const named = (half: readonly Relation[]): Relation => {
        const rows = ir.union(half);
        return ir.project(
          rows,
          relation.columns.map(({ name }, i) => ir.as(name, ir.c(rows, rows.columns[i]?.name ?? name))),
        );
      };
      return [named(inputs.slice(0, middle)), named(inputs.slice(middle))];
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
