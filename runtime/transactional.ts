/**
 * Transactions without DDL. Some engines refuse DDL inside a transaction, or commit at it without a word; for them
 * tables are made before, and a transaction only fills them. What is made before is empty, or is what a run that
 * stopped here would make again, so it does not matter where a process dies:
 *
 * - a temporary table is made anew and empty, and goes with the connection;
 * - a facts table that lacks a column is made anew and empty, once its source's row in `landing` is gone: whatever
 *   happens next, the source lands in full. Nobody but a run reads facts;
 * - a view to be dropped is dropped first: the view of a removed definition has no rows.
 */
import * as ir from '../compiler/ir/build.js';
import type { TableRef } from '../compiler/ir/types.js';
import type { ExistingState } from '../compiler/program/plan.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Step, TableSpec } from '../compiler/program/types.js';
import type { Capabilities } from '../dialects/dialect.js';

export interface TransactionPlan {
  /** Run before each attempt, outside of it. */
  readonly before: readonly Step[];
  /** Run once it is committed. */
  readonly after: readonly Step[];
  /** What one of its steps is inside. */
  within(step: Step): readonly Step[];
}

type Replace = Extract<Step, { op: 'replace' }>;

export interface Setting {
  readonly capabilities: Pick<Capabilities, 'transactionalDdl' | 'temporaryDdl'>;
  readonly state: StateSchema;
  readonly existing: Pick<ExistingState, 'tables'>;
}

/**
 * Plans a transaction.
 *
 * @param steps all that may be run in it, whichever are
 * @param source the source that a step lands, where facts are among them
 */
export function planTransaction(
  steps: readonly Step[],
  setting: Setting,
  source: (step: Step) => string | undefined = () => undefined,
): TransactionPlan {
  const { capabilities } = setting;
  const moves = (step: Step): boolean => {
    const temporary = isTemporary(step);
    return (
      temporary !== undefined && !(temporary ? capabilities.temporaryDdl : capabilities.transactionalDdl)
    );
  };
  const moved = steps.filter(moves);
  const replaced = moved.filter((step): step is Replace => step.op === 'replace');
  const times = new Map<string, number>();
  for (const { spec } of replaced) times.set(nameOf(spec.table), (times.get(nameOf(spec.table)) ?? 0) + 1);
  return {
    before: [
      ...unique(replaced).flatMap((step) => tableFor(step, setting, source(step))),
      ...moved.filter((step) => step.op === 'drop' && step.object === 'view'),
    ],
    after: moved.filter((step) => step.op === 'drop' && step.object === 'table'),
    within: (step) => {
      if (!moves(step)) return [step];
      if (step.op !== 'replace') return [];
      const isEmpty = step.spec.temporary === true && times.get(nameOf(step.spec.table)) === 1;
      return [...(isEmpty ? [] : [emptied(step)]), ...filled(step)];
    },
  };
}

/** Whether a step is DDL, and then of what. */
function isTemporary(step: Step): boolean | undefined {
  switch (step.op) {
    case 'replace':
    case 'ensure_table':
      return step.spec.temporary ?? false;
    case 'drop':
      // Temporary tables stand in no schema.
      return step.object === 'table' && step.table.schema === undefined;
    case 'ensure_schema':
    case 'views':
      return false;
    case 'append':
    case 'merge':
    case 'delete':
    case 'read':
      return undefined;
  }
}

/** The table that a step will fill, empty if it was not there as it has to be. */
function tableFor(step: Replace, { state, existing }: Setting, source: string | undefined): readonly Step[] {
  const { spec, id, title } = step;
  const empty: Step = {
    op: 'replace',
    spec,
    query: spec.like ? ir.filter(spec.like, ir.bool(false)) : ir.values(spec.columns, []),
    id: `${id}.table`,
    title: `${title}: an empty table`,
  };
  if (spec.temporary) return [empty];
  if (hasColumns(existing.tables.get(spec.table.name), spec)) return [];
  const forget: Step = {
    op: 'delete',
    table: state.ref('landing'),
    query: ir.oneRow([ir.as('source', ir.text(source ?? ''))]),
    keys: ['source'],
    id: `${id}.unlanded`,
    title: `${title}: to be landed in full`,
  };
  return source === undefined ? [empty] : [forget, empty];
}

const hasColumns = (there: readonly string[] | undefined, { columns }: TableSpec): boolean =>
  there !== undefined && columns.every(({ name }) => there.includes(name));

const emptied = ({ spec, id, title }: Replace): Step => ({
  op: 'delete',
  table: spec.table,
  id: `${id}.clear`,
  title: `${title}: what was there`,
});

/** Nothing where nothing is to be put in. */
function filled({ op: _op, spec, query, ...named }: Replace): readonly Step[] {
  if (query.kind === 'values' && query.rows.length === 0) return [];
  return [{ ...named, op: 'append', table: spec.table, query, ...(spec.temporary && { temporary: true }) }];
}

const nameOf = ({ schema, name }: TableRef): string => JSON.stringify([schema, name]);

/** The first step of each table: those that share one give it the same columns. */
const unique = (steps: readonly Replace[]): readonly Replace[] => [
  ...new Map([...steps].reverse().map((step) => [nameOf(step.spec.table), step])).values(),
];
