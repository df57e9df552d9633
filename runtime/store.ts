/** The rows the runtime itself writes: runs, run_steps, definitions, meta. As steps, like all that a run does. */
import { CompilerBug } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Column, Expr, Relation, ScalarType } from '../compiler/ir/types.js';
import { STATE, type StateSchema, type StateTable } from '../compiler/program/state.js';
import type { Step } from '../compiler/program/types.js';
import type { Definition } from '../models/definition.js';
import type { DefinitionRow } from './existing.js';
import { microsOf } from './instants.js';

type Cell = string | number | bigint | boolean | null;
type Cells = Readonly<Record<string, Cell>>;

/** Rows in one statement: enough to be few, few enough for every engine's limit on a statement. */
const CHUNK = 500;

function literal(type: ScalarType, value: Cell): Expr {
  if (value === null) return ir.nul(type);
  if (typeof value === 'boolean') return ir.bool(value);
  if (type === 'timestamp') return ir.lit({ type, value: microsOf(String(value)).toString() });
  if (type === 'bool') throw new CompilerBug(`not a boolean: ${String(value)}`);
  return ir.lit({ type, value: String(value) });
}

/** Rows of a state table as a relation: the columns the first row has, in the table's order. */
function rowsOf(table: StateTable, rows: readonly Cells[]): Relation {
  const first = rows[0];
  if (!first) throw new CompilerBug(`no rows for ${table}`);
  const columns = STATE[table].filter((c) => c.name in first);
  const cell = (row: Cells, c: Column): Expr => literal(c.type, row[c.name] ?? null);
  return ir.values(
    columns,
    rows.map((row) => columns.map((c) => cell(row, c))),
  );
}

function chunks<T>(items: readonly T[]): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < items.length; i += CHUNK) out.push(items.slice(i, i + CHUNK));
  return out;
}

/** What became of a step: a row of `run_steps`. */
export interface StepRecord {
  readonly run_id: string;
  readonly step: string;
  readonly attempt: number;
  readonly status: 'succeeded' | 'failed' | 'rolled_back' | 'cancelled';
  readonly started_at: string;
  readonly completed_at: string;
  readonly error: string | null;
  readonly definition_key: string | null;
  readonly rows_changed: number | null;
  /** Rows that were read to us; null for statements that change. */
  readonly rows_read: number | null;
  /** Bytes the engine says it read; of a statement for several definitions, each has its share. */
  readonly bytes: number | null;
  readonly duration_ms: number;
  /** How often its statement, or the transaction it is part of, had been tried before. */
  readonly retries: number;
}

export interface RunRecord {
  readonly run_id: string;
  readonly as_of: string;
  readonly status: string;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly invocation: string;
  readonly run_no: number;
  readonly error: string | null;
}

/** Makes the steps that write the runtime's own rows. */
export class Store {
  /** @param stepColumns those of `run_steps`, where an earlier version made the table: it has no others */
  constructor(
    private readonly state: StateSchema,
    private readonly stepColumns?: readonly string[],
  ) {}

  beginRun(run: RunRecord): Step {
    return {
      op: 'append',
      table: this.state.ref('runs'),
      query: rowsOf('runs', [{ ...run }]),
      id: 'run.begin',
      title: 'Begin the run',
    };
  }

  /** Sets the outcome of runs there are. */
  finishRuns(
    runs: readonly Pick<RunRecord, 'run_id' | 'status' | 'finished_at' | 'error'>[],
    id: string,
  ): Step[] {
    return this.merge(
      'runs',
      runs.map((r) => ({ ...r })),
      ['run_id'],
      id,
      'Record the outcome',
      false,
    );
  }

  recordSteps(records: readonly StepRecord[]): Step[] {
    const known = (name: string): boolean => this.stepColumns?.includes(name) ?? true;
    return chunks(records).map((rows) => ({
      op: 'append',
      table: this.state.ref('run_steps'),
      query: rowsOf(
        'run_steps',
        rows.map((r) => Object.fromEntries(Object.entries(r).filter(([name]) => known(name)))),
      ),
      id: 'run.steps',
      title: 'Record the steps',
    }));
  }

  /** The record of an attempt of a step, if it is there. */
  recordOf(runId: string, step: string, attempt: number): Relation {
    // An earlier version's table has fewer columns.
    const asked = STATE.run_steps.filter(({ name }) => ['run_id', 'step', 'attempt'].includes(name));
    const rows = ir.scan(this.state.ref('run_steps'), asked);
    return ir.filter(
      rows,
      ir.and(
        ir.eq(ir.c(rows, 'run_id'), ir.text(runId)),
        ir.eq(ir.c(rows, 'step'), ir.text(step)),
        ir.eq(ir.c(rows, 'attempt'), ir.int(attempt)),
      ),
    );
  }

  writeDefinitions(rows: readonly DefinitionRow[], id: string): Step[] {
    return this.merge('definitions', rows.map(definitionCells), ['key'], id, 'Record the definitions', true);
  }

  writeMeta(values: Readonly<Record<string, string>>, id: string): Step[] {
    const rows = Object.entries(values).map(([name, value]) => ({ name, value }));
    return this.merge('meta', rows, ['name'], id, 'Record the layout', true);
  }

  /** Deletes the rows of a table whose column equals one of the values. */
  deleteWhere(table: StateTable, column: string, value: Cell, id: string): Step {
    return {
      op: 'delete',
      table: this.state.ref(table),
      query: rowsOf(table, [{ [column]: value }]),
      keys: [column],
      id,
      title: `Clear ${table}`,
    };
  }

  private merge(
    table: StateTable,
    rows: readonly Cells[],
    keys: readonly string[],
    id: string,
    title: string,
    insert: boolean,
  ): Step[] {
    return chunks(rows).map((chunk) => {
      const query = rowsOf(table, chunk);
      const set = query.columns.map((c) => c.name).filter((name) => !keys.includes(name));
      return { op: 'merge', table: this.state.ref(table), query, keys, set, insert, id, title };
    });
  }
}

function definitionCells(row: DefinitionRow): Cells {
  return {
    key: row.key,
    kind: row.kind,
    fingerprint: row.fingerprint,
    status: row.status,
    first_run_at: row.firstRunAt,
    retired_at: row.retiredAt,
    definition_no: row.definitionNo,
    error: row.error,
    last_run_id: row.lastRunId,
    last_as_of: row.lastAsOf,
    reducer: row.reducer,
    name: row.name,
    of: row.of,
  };
}

/** The reducer of a trait: a count that is not stored reads as 0 (SEMANTICS §2), so readers must know it. */
export function reducerOf(definition: Definition, publishes = true): string | null {
  if (definition.kind !== 'trait') return null;
  if (definition.value.kind === 'reduced') return definition.value.reducer.fn;
  // One whose columns have other keys has no values of its own.
  return publishes ? 'sql' : null;
}
