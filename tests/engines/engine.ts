/** What a test needs to know of an engine: the product's dialect, a fresh warehouse, and how raw rows get there. */
import type { TableRef } from '../../compiler/ir/types.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import type { Json } from '../reference/model.js';

/** Types of raw columns by a name of our own, so that cases say nothing of an engine. */
export type RawType = 'text' | 'int' | 'decimal' | 'float' | 'bool' | 'timestamp' | 'date' | 'json';

/** A value a column holds; absent is NULL. Instants and dates are ISO 8601 text, and in `json` null is JSON's. */
export type RawRow = Readonly<Record<string, Json | undefined>>;

/** Column to type, in order. */
export type RawColumns = Readonly<Record<string, RawType>>;

/** Puts rows into the tables that sources and entities read, as whoever loads a warehouse does. */
export interface RawTables {
  /** A schema, perhaps of no tables. */
  ensureSchema(name: string): Promise<void>;
  /** Adds rows; the schema, the table and columns that are not there yet are made. */
  append(table: TableRef, columns: RawColumns, rows: readonly RawRow[]): Promise<void>;
  /** The table holds these rows and no others from now on. */
  replace(table: TableRef, columns: RawColumns, rows: readonly RawRow[]): Promise<void>;
}

/** An empty warehouse; closing it leaves nothing behind. */
export interface FreshWarehouse {
  readonly warehouse: Warehouse;
  readonly raw: RawTables;
}

/** A way a definition is computed: its standalone SELECT, or a run that lands, computes and publishes. */
export type Way = 'standalone' | 'run';

export interface EngineUnderTest {
  /** Names its column of the report, its marks and its result file: `[a-z0-9-]+`. */
  readonly name: string;
  readonly dialect: Dialect;
  /** A target in rollcall.json; its `schema` is `rollcall`. */
  readonly target: Readonly<Record<string, unknown>>;
  /** What it can be asked; an evaluator of queries has no runs. */
  readonly ways: readonly Way[];
  /** What it is asked of one case, where that is not all it can be asked. */
  waysOf?(one: {
    readonly name: string;
    readonly definitions: readonly { readonly kind: string }[];
    readonly steps: readonly {
      readonly expect: {
        readonly said?: unknown;
        readonly tracked?: unknown;
        readonly entity_rows?: unknown;
      };
    }[];
  }): readonly Way[];
  open(): Promise<FreshWarehouse>;
  /** What executes the SQL, with its version: `DuckDB v1.5.5`. */
  version(): Promise<string>;
  /** The command that makes its result file again. */
  readonly again: string;
  /** Why it is asked some of the cases only, where that is so. */
  readonly sample?: string;
}
