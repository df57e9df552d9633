/** The warehouse contract: what the runtime needs of an engine's driver. */
import type { ColumnKind, ScalarType, TableRef } from '../compiler/ir/types.js';

export interface TableColumn {
  readonly name: string;
  /** The engine's own type name, for messages. */
  readonly nativeType: string;
  readonly kind: ColumnKind;
}

export interface TableDescription {
  readonly table: TableRef;
  readonly columns: readonly TableColumn[];
}

/** Values as they cross into JavaScript: int and number as decimal text, timestamps as ISO 8601 UTC with Z, json as text. */
export type Value = string | boolean | null;
export type Row = Readonly<Record<string, Value>>;

export interface Batch {
  readonly columns: readonly { readonly name: string; readonly type: ScalarType }[];
  readonly rows: readonly Row[];
}

export interface LockOwner {
  readonly run_id: string;
  readonly pid: number;
  readonly host: string;
  /** ISO instant. */
  readonly since: string;
  readonly command: string;
}

export interface Lease {
  release(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * One open connection. Errors that mean "cannot be reached or refused us" are `UserError`s of code
 * `warehouse-unavailable` (exit 4), or `locked` (exit 3); a failed statement is a `StatementError`.
 */
export interface Warehouse {
  /** Runs one statement; resolves to the number of rows it changed, where the engine says so. */
  execute(sql: string, options?: CallOptions): Promise<{ readonly rowsChanged?: number }>;
  /** Streams a query's rows in batches; memory does not grow with the result. */
  read(sql: string, options?: CallOptions): AsyncIterable<Batch>;
  /** Tables and views of one schema (undefined: the default one), with columns; empty when there is no such schema. */
  describeSchema(schema: string | undefined, options?: CallOptions): Promise<readonly TableDescription[]>;
  describeTable(table: TableRef, options?: CallOptions): Promise<TableDescription | undefined>;
  /** The columns a query would give, without running it; a query the engine refuses is a `StatementError`. */
  describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]>;
  /** The engine's plan, as text. */
  estimate(sql: string, options?: CallOptions): Promise<{ readonly text: string }>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** The target's settings from rollcall.json. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Folder that relative paths start from. */
  readonly projectDir: string;
  readonly mode: 'read' | 'write';
  /** Who opens it: written into the lock, shown to the second comer. Absent: no lock is taken. */
  readonly owner?: LockOwner;
}

/** A statement the warehouse refused. Message is the engine's first line, with secrets removed. */
export class StatementError extends Error {
  readonly sql: string;
  readonly transient: boolean;
  constructor(message: string, sql: string, options?: ErrorOptions & { transient?: boolean }) {
    super(message, options);
    this.name = 'StatementError';
    this.sql = sql;
    this.transient = options?.transient ?? false;
  }
}

/** The warehouse with a `close` that does nothing, so that what is in memory outlives whoever closes it. */
export const keptOpen = (w: Warehouse): Warehouse => ({
  execute: (sql, options) => w.execute(sql, options),
  read: (sql, options) => w.read(sql, options),
  describeSchema: (schema, options) => w.describeSchema(schema, options),
  describeTable: (table, options) => w.describeTable(table, options),
  describeQuery: (sql, options) => w.describeQuery(sql, options),
  estimate: (sql, options) => w.estimate(sql, options),
  begin: () => w.begin(),
  commit: () => w.commit(),
  rollback: () => w.rollback(),
  close: () => Promise.resolve(),
});
