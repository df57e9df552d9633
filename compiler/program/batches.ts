/**
 * Many definitions in one statement: those of one level of the graph, whose rows go to the same stage table, are computed
 * by one `append` of the union of their rows. This is the one place that knows what such a statement is made of.
 */
import { CompilerBug } from '../diagnostics/index.js';
import { agg, aggregate, as, c, int, nul, project, semiJoin, union, values } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { askedOnce, rewrite, share } from '../rewrite/index.js';
import { AFFECTED, scanSpec, SELECTIVE, STAGE } from './names.js';
import type { DefinitionPlan, Staged } from './plan.js';
import type { Step } from './types.js';

/** A definition with rows of its own, as a batch computes it. */
export type BatchMember = DefinitionPlan & { readonly staged: Staged };

export const isBatchMember = (plan: DefinitionPlan): plan is BatchMember => plan.staged !== undefined;

/**
 * Definitions by level: each comes after those it depends on, and those of a level do not depend on each other.
 *
 * @param definitions in an order in which each comes after those it depends on
 */
export function levelsOf(definitions: readonly DefinitionPlan[]): readonly (readonly DefinitionPlan[])[] {
  const level = new Map<string, number>();
  const levels: DefinitionPlan[][] = [];
  for (const plan of definitions) {
    const own = 1 + Math.max(-1, ...plan.dependsOn.map((key) => level.get(key) ?? -1));
    level.set(plan.definition.key, own);
    (levels[own] ??= []).push(plan);
  }
  return levels;
}

/**
 * Definitions of one level, as they are computed together: those whose rows go to one table, about equally many in each
 * batch.
 *
 * @param most how many of those that go to one table a statement may compute
 */
export function batchesOf(
  level: readonly DefinitionPlan[],
  most: (members: readonly BatchMember[]) => number,
): readonly (readonly BatchMember[])[] {
  const members = level.filter(isBatchMember);
  return (['audience', 'trait'] as const).flatMap((shape) => {
    const own = members.filter(({ staged }) => staged.shape === shape);
    const count = own.length === 0 ? 0 : Math.ceil(own.length / Math.min(most(own), own.length));
    return Array.from({ length: count }, (_, i) =>
      own.slice(Math.floor((i * own.length) / count), Math.floor(((i + 1) * own.length) / count)),
    );
  });
}

/**
 * Says which definitions are computed for some profiles only, for those that read them; none where none ever is.
 *
 * @param whole each for all profiles, whether or not some would do
 * @param again whether it was said before
 */
export function selectiveStep(
  definitions: readonly DefinitionPlan[],
  whole: boolean,
  again = false,
): Step | undefined {
  const numbers = definitions.flatMap(({ definitionNo, staged }) =>
    staged?.incremental ? [definitionNo] : [],
  );
  if (numbers.length === 0 && !again) return undefined;
  return {
    id: 'compute.selective',
    title: 'what is computed for some profiles only',
    op: 'replace',
    spec: SELECTIVE,
    query: values(SELECTIVE.columns, whole ? [] : numbers.map((no) => [int(no)])),
  };
}

/**
 * The statement that finds out which profiles the definitions of a batch have to be computed for; none where all of them are
 * computed for all profiles.
 */
export function affectedStep(members: readonly BatchMember[], id: string): Step | undefined {
  const parts = members.flatMap(({ definitionNo, staged: { incremental } }) =>
    incremental ? [withNumber(definitionNo, incremental.affected)] : [],
  );
  const [only, ...others] = members;
  if (!only || parts.length === 0) return undefined;
  const { key } = only.definition;
  return {
    ...(others.length > 0 ? { id: `${id}.affected` } : { id: `compute.${key}.affected`, definition: key }),
    title: `whom ${parts.length === 1 ? 'it' : 'they'} may have changed for`,
    op: 'append',
    table: AFFECTED.table,
    temporary: true,
    query: rewrite(share(union(parts))),
  };
}

/**
 * `read`s, of the definitions that `affectedStep` found profiles for, how many (`definition_no`, `n`), and how many profiles there
 * are (a row without a number).
 *
 * @param profiles all there are
 */
export function shareStep(members: readonly BatchMember[], id: string, profiles: Relation): Step {
  const numbers = members.flatMap(({ definitionNo, staged }) => (staged.incremental ? [definitionNo] : []));
  const own = semiJoin(
    scanSpec(AFFECTED),
    values(
      SELECTIVE.columns,
      numbers.map((no) => [int(no)]),
    ),
    ['definition_no'],
  );
  const by = aggregate(own, [as('definition_no', c(own, 'definition_no'))], [as('n', agg('count'))]);
  const all = aggregate(profiles, [], [as('n', agg('count'))]);
  const total = project(all, [as('definition_no', nul('int')), as('n', c(all, 'n'))]);
  return {
    id: `${id}.share`,
    title: 'for how many profiles',
    op: 'read',
    query: rewrite(union([by, total])),
  };
}

/**
 * The statement that computes some definitions of a batch. What several of them ask is computed once.
 *
 * @param id of the step, where it is not of one definition alone
 * @param whole for all profiles; else each for those that `affectedStep` found, where it can be
 */
export function batchStep(members: readonly BatchMember[], id: string, whole = true): Step {
  const [first, ...others] = members;
  if (!first) throw new CompilerBug('a batch of nothing');
  const alone = others.length === 0;
  const { key } = first.definition;
  return {
    id: alone ? `compute.${key}` : id,
    title: alone ? `${key}: computing` : `computing ${members.length} definitions`,
    ...(alone && { definition: key }),
    op: 'append',
    table: STAGE[first.staged.shape].table,
    temporary: true,
    query: rewrite(share(askedOnce(members, (member) => rowsOf(member, whole), numbered))),
  };
}

const rowsOf = ({ staged: { rows, incremental } }: BatchMember, whole: boolean): Relation =>
  (!whole && incremental?.rows) || rows;

/** A definition's rows as they stand in the stage. */
const numbered = ({ definitionNo }: BatchMember, rows: Relation): Relation => withNumber(definitionNo, rows);

const withNumber = (definitionNo: number, rows: Relation): Relation =>
  project(rows, [
    as('definition_no', int(definitionNo)),
    ...rows.columns.map(({ name }) => as(name, c(rows, name))),
  ]);
