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

/** Stands between the texts of a row in a file: U+001F, the separator of units. */
export const FIELD_END = '\u001f';

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

/**
 * What a statement is for. Engines put it where their bills and query histories show it: job labels, query tags,
 * comments. Values are names of ours or the user's, never settings; an engine shortens and spells them as it has to.
 */
export interface StatementLabels {
  /** The command of the command line: `run`, `preview`. */
  readonly command?: string;
  readonly run_id?: string;
  /** A step of a program. */
  readonly step?: string;
  /** Key of the definition the step belongs to, where it belongs to one. */
  readonly definition?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly labels?: StatementLabels;
  /** Told now and then how much of the statement is done, 0 to 1, by engines that know; it never goes back. */
  readonly onProgress?: (done: number) => void;
}

/** What an engine says of a statement it executed, as far as it says so. */
export interface Executed {
  readonly rowsChanged?: number;
  /** Bytes that were read for it. */
  readonly bytes?: number;
}

/** What a report of a problem must name. */
export interface EngineVersion {
  /** Product and version of what answers: `DuckDB v1.4.1`, `PostgreSQL 15.14`. */
  readonly engine: string;
  /** Package and version of what asks. */
  readonly driver: string;
}

/**
 * One open connection. Errors that mean "cannot be reached or refused us" are `UserError`s of code
 * `warehouse-unavailable` (exit 4), or `locked` (exit 3); a failed statement is a `StatementError`.
 */
export interface Warehouse {
  /** Runs one statement; resolves to what the engine says of it. */
  execute(sql: string, options?: CallOptions): Promise<Executed>;
  /** Streams a query's rows in batches; memory does not grow with the result. */
  read(sql: string, options?: CallOptions): AsyncIterable<Batch>;
  /** Tables and views of one schema (undefined: the default one), with columns; empty when there is no such schema. */
  describeSchema(schema: string | undefined, options?: CallOptions): Promise<readonly TableDescription[]>;
  describeTable(table: TableRef, options?: CallOptions): Promise<TableDescription | undefined>;
  /** The columns a query would give, without running it; a query the engine refuses is a `StatementError`. */
  describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]>;
  /** The engine's plan, as text; and the bytes a statement would read, where the engine says so. */
  estimate(sql: string, options?: CallOptions): Promise<{ readonly text: string; readonly bytes?: number }>;
  /** What is at both ends of the connection. */
  version(options?: CallOptions): Promise<EngineVersion>;
  /** The engine's clock, an ISO 8601 instant in UTC. */
  now(options?: CallOptions): Promise<string>;
  /**
   * Which of its sessions with the engine it is in: another number once one was lost and another opened, for engines that
   * do so. What belonged to a session, a lock as well as temporary tables, went with it.
   */
  session?(): number;
  begin(options?: CallOptions): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /**
   * Only where a session goes on without the process that made it: ends what a run that is gone left open, with the transaction
   * in it, which would be in the way of others. Where there is nothing, or it may not be ended by us, nothing happens.
   */
  readonly endSessionsOf?: (runId: string, options?: CallOptions) => Promise<void>;
  /**
   * Only where the settings name a file for it: puts a new database whole in its place. `fill` makes tables and views in a
   * schema of the catalog that it is given. Rejects with what stopped it; the file there was stays then.
   */
  readonly readCopy?: (schema: string, fill: (catalog: string) => Promise<void>) => Promise<void>;
  /**
   * Only where the engine writes files of this machine: puts the texts that a query gives into a file, in place of
   * what it holds: a row on a line of its own, in the order of the query, its texts as they are with `FIELD_END` between them. Texts are
   * neither null nor empty, and have neither line ends nor `FIELD_END`. Resolves to how many rows there were; a file that cannot be
   * written is a `StatementError` too.
   */
  readonly writeLines?: (sql: string, path: string, options?: CallOptions) => Promise<number>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** The target's settings from rollcall.json. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Folder that relative paths start from. */
  readonly projectDir: string;
  readonly mode: 'read' | 'write';
  /** Where opening would make what is not there yet, as a file, it fails with `warehouse-unavailable` instead: a path to nowhere is a mistake. */
  readonly existing?: boolean;
  /**
   * Who opens it, for engines whose `lock` is their own: written into the lock, shown to the second comer. Absent:
   * no lock is taken.
   */
  readonly owner?: LockOwner;
  /**
   * Statements join large parts of tables that grew since the engine looked at them last. Where a planner would take them for small
   * and go through one for each row of the other, it is told not to.
   */
  readonly joinsLarge?: boolean;
}

/**
 * What a failed statement leaves to be done:
 * - `refused`: it is wrong, or not allowed; again would be the same;
 * - `transient`: nothing was done, and soon it may go (a conflict with another transaction);
 * - `busy`: nothing was done, and in a while it may go (a quota, a queue that is full);
 * - `unknown`: the connection was lost meanwhile; it may or may not have been done.
 */
export type Failure = 'refused' | 'transient' | 'busy' | 'unknown';

/** A statement that failed. Message is the engine's first line, with secrets removed. */
export class StatementError extends Error {
  readonly sql: string;
  readonly failure: Failure;
  /** @param options `transient: true` says `failure: 'transient'` */
  constructor(
    message: string,
    sql: string,
    options?: ErrorOptions & { readonly failure?: Failure; readonly transient?: boolean },
  ) {
    super(message, options);
    this.name = 'StatementError';
    this.sql = sql;
    this.failure = options?.failure ?? (options?.transient ? 'transient' : 'refused');
  }

  /** Whether the engine said that trying again may help. */
  get transient(): boolean {
    return this.failure !== 'refused';
  }
}

/**
 * A warehouse that does what another does, but for what is given. A driver's warehouse has private fields, so
 * nothing may inherit from it.
 */
export const around = (w: Warehouse, instead: Partial<Warehouse> = {}): Warehouse => ({
  execute: (sql, options) => w.execute(sql, options),
  read: (sql, options) => w.read(sql, options),
  describeSchema: (schema, options) => w.describeSchema(schema, options),
  describeTable: (table, options) => w.describeTable(table, options),
  describeQuery: (sql, options) => w.describeQuery(sql, options),
  estimate: (sql, options) => w.estimate(sql, options),
  version: (options) => w.version(options),
  now: (options) => w.now(options),
  ...(w.session && { session: () => w.session?.() ?? 0 }),
  begin: (options) => w.begin(options),
  commit: () => w.commit(),
  rollback: () => w.rollback(),
  close: () => w.close(),
  ...(w.endSessionsOf && {
    endSessionsOf: (runId, options) => w.endSessionsOf?.(runId, options) ?? Promise.resolve(),
  }),
  ...(w.readCopy && { readCopy: w.readCopy }),
  ...(w.writeLines && {
    writeLines: (sql, path, options) => w.writeLines?.(sql, path, options) ?? Promise.resolve(0),
  }),
  ...instead,
});

/** The warehouse with a `close` that does nothing, so that what is in memory outlives whoever closes it. */
export const keptOpen = (w: Warehouse): Warehouse => around(w, { close: () => Promise.resolve() });

/** The warehouse with labels on every statement; those of a call are put beside them. */
export const labelled = (w: Warehouse, labels: StatementLabels): Warehouse => {
  const beside = (options?: CallOptions): CallOptions => ({
    ...options,
    labels: { ...labels, ...options?.labels },
  });
  return around(w, {
    execute: (sql, options) => w.execute(sql, beside(options)),
    read: (sql, options) => w.read(sql, beside(options)),
    describeSchema: (schema, options) => w.describeSchema(schema, beside(options)),
    describeTable: (table, options) => w.describeTable(table, beside(options)),
    describeQuery: (sql, options) => w.describeQuery(sql, beside(options)),
    estimate: (sql, options) => w.estimate(sql, beside(options)),
    version: (options) => w.version(beside(options)),
    now: (options) => w.now(beside(options)),
    begin: (options) => w.begin(beside(options)),
    ...(w.endSessionsOf && {
      endSessionsOf: (runId, options) => w.endSessionsOf?.(runId, beside(options)) ?? Promise.resolve(),
    }),
    ...(w.writeLines && {
      writeLines: (sql, path, options) => w.writeLines?.(sql, path, beside(options)) ?? Promise.resolve(0),
    }),
  });
};
