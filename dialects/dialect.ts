/** The dialect contract: one folder an engine, mostly tables (ARCHITECTURE, "The contracts"). */
import type {
  AggName,
  ColumnKind,
  Expr,
  FnName,
  LiteralValue,
  Relation,
  ScalarType,
  UserQuery,
} from '../compiler/ir/types.js';
import type { Step } from '../compiler/program/types.js';
import type { OpenOptions, Warehouse } from './warehouse.js';

/** What an engine can do; the defaults are the most portable answer (`DEFAULT_CAPABILITIES`). */
export interface Capabilities {
  /** `AGG(...) FILTER (WHERE …)`; without it the emitter wraps arguments in CASE. Default false. */
  readonly aggregateFilter: boolean;
  /** DDL inside a transaction rolls back with it. Default false: a run keeps it out of transactions. */
  readonly transactionalDdl: boolean;
  /**
   * Temporary tables may be created, replaced and dropped inside a transaction, which stays open. Default false: a
   * run creates them before the transaction, and fills them in it.
   */
  readonly temporaryDdl: boolean;
  /** `SEMI JOIN` / `ANTI JOIN` keywords; without them EXISTS / NOT EXISTS. Default false. */
  readonly semiJoin: boolean;
  /** `ASOF LEFT JOIN`: the nearest row by an order; without it a window over both sides, and a join. Default false. */
  readonly asofJoin: boolean;
  /**
   * `COUNT(DISTINCT …) OVER (… RANGE …)`; without it the rows of each frame are joined and counted, which is as dear as
   * frames are long. Default false.
   */
  readonly distinctFrames: boolean;
  /** What is grouped by an expression may be spoken of by it elsewhere in the SELECT; else only a column may. Default true. */
  readonly groupedExpressions: boolean;
  /** A subquery may hold aggregates of the query around it. Default true. */
  readonly aggregatesInSubqueries: boolean;
  /** `IS NOT DISTINCT FROM`. Default true. */
  readonly nullSafeEquals: boolean;
  /** `ROW_NUMBER()` wants an ORDER BY, and takes `ORDER BY NULL` where any order will do. Default false. */
  readonly rowNumberOrder: boolean;
  /** `(VALUES (…), …) AS t(a, b)` after FROM; without it SELECTs joined by UNION ALL. Default true. */
  readonly valuesTable: boolean;
  /**
   * A statement is billed by the columns it names, each whole: a raw table is read by one statement, into a temporary
   * table that all others read. Without, it is read where it stands as often as that is quicker. Default false.
   */
  readonly billedByColumn: boolean;
  /**
   * A filter of alternatives (`a >= x or a is null`) leaves unread what neither wants: an index, partitions or zone maps
   * serve it. Without, each alternative is a scan of its own. Default true.
   */
  readonly prunesAlternatives: boolean;
  /**
   * Which of very many values repeat is found by putting all in order and comparing each with the one before, on all processors.
   * Without, each is counted. Default false: a window without partitions is one worker's work.
   */
  readonly repeatsBySorting: boolean;
  /**
   * Who keeps a second writer out. `own`: `open` takes the lock of the `owner` it is given and frees it on `close`;
   * `table`: the runtime does, with a row in the project's schema (`lock-table.ts`). Default `table`.
   */
  readonly lock: 'own' | 'table';
  /**
   * A database belongs to one process at a time, so whoever has it has it alone. Default false: many processes, and `sync`
   * claims what it works on (`leases.ts`).
   */
  readonly singleProcess: boolean;
  /** The longest statement, in bytes of UTF-8. Longer steps are split, or refused. Default: any. */
  readonly maxStatementBytes: number;
  /**
   * How long a statement may be that computes several definitions, in bytes of UTF-8. More in one share more of what they read, and
   * cost less in statements; but an engine plans them all at once, and may hold what all of them hash. Default 100,000, as measured on
   * PostgreSQL; an engine for which statements are dear says `maxStatementBytes` here.
   */
  readonly batchBytes: number;
  /**
   * From which share of the profiles on a definition that may have changed for them is computed for all: sifting what it reads by
   * them then costs more than it spares. Default 0.1, as measured on DuckDB (`bench/share.ts`).
   */
  readonly fullFromShare: number;
}

export const DEFAULT_CAPABILITIES: Capabilities = {
  aggregateFilter: false,
  transactionalDdl: false,
  temporaryDdl: false,
  semiJoin: false,
  asofJoin: false,
  distinctFrames: false,
  groupedExpressions: true,
  aggregatesInSubqueries: true,
  nullSafeEquals: true,
  rowNumberOrder: false,
  valuesTable: true,
  billedByColumn: false,
  prunesAlternatives: true,
  repeatsBySorting: false,
  lock: 'table',
  singleProcess: false,
  maxStatementBytes: Infinity,
  batchBytes: 100_000,
  fullFromShare: 0.1,
};

/** An expression already turned to SQL; an atom or, for the operators of `emit/precedence.ts`, their infix form. */
export type Sql = string;

/** Says that an engine cannot do a function; compiling a definition that needs it is a diagnostic. */
export interface Unsupported {
  readonly unsupported: string;
}

export type InstantValue = Extract<LiteralValue, { readonly type: 'timestamp' }>;

export type Emit = (args: readonly Sql[], context: EmitContext) => Sql;

export interface EmitContext {
  /** The IR arguments, for emitters that look at types or literals. */
  readonly args: readonly Expr[];
  readonly type: ScalarType;
  /** Calls of the same function on the same value in one SELECT list, this one among them, where they can be answered together. */
  readonly beside: readonly Expr[];
  literal(value: LiteralValue): Sql;
  /** The instant that an argument is, where that is known when the statement is written. */
  instant(index: number): InstantValue | undefined;
  /** Aggregates only: SQL of the ORDER BY keys. */
  readonly orderBy: readonly Sql[];
  /** Aggregates only: the types of these keys. */
  readonly orderTypes: readonly ScalarType[];
  /**
   * Aggregates only, with capability `aggregateFilter`: the condition to put into FILTER. Without the
   * capability the emitter has already wrapped the arguments in CASE.
   */
  readonly filter?: Sql | undefined;
  /** Aggregates only: `over (…)`, where they are windows; it comes after FILTER. */
  readonly over?: Sql | undefined;
  /** A line break with the indentation of a continued line, for templates too long for one. */
  readonly newLine: string;
}

export interface Statement {
  readonly sql: Sql;
  /** Whether running it again after an unknown outcome does no harm. */
  readonly retry: 'safe' | 'unsafe';
}

export type Params = Readonly<Record<string, LiteralValue>>;

export interface Dialect {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly functions: Record<FnName, Emit | Unsupported>;
  readonly aggregates: Record<AggName, Emit | Unsupported>;
  /** The engine's column type for a scalar. */
  type(type: ScalarType): string;
  literal(value: LiteralValue): Sql;
  quoteIdentifier(name: string): Sql;
  /** Longest identifier, in characters. */
  readonly maxIdentifier: number;
  columnKind(nativeType: string): ColumnKind;
  /** The statements of one step, parameters inlined. */
  statements(step: Step, params: Params): readonly Statement[];
  /** One relation as a formatted, standalone SELECT. */
  select(query: Relation, params: Params): Sql;
  /** Every column of a user's query, whatever they are: what `describeQuery` of a warehouse is asked. */
  selectAll(query: UserQuery, params: Params): Sql;
  /** Opens the engine; loads its driver only then. */
  open(options: OpenOptions): Promise<Warehouse>;
}
