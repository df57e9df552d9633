import type { SourceConfig } from '../../models/definition.js';
import type { Column, Relation, Scan, TableRef } from '../ir/types.js';
import type { CatalogTable, EventNeeds, Level, ValueColumn } from './types.js';

/** One raw table a source reads. */
export interface BoundTable {
  readonly table: TableRef;
  /** Every physical column, under its own name. */
  readonly raw: Scan;
  readonly catalog: CatalogTable;
  /** It has `received_at`, so what is new can be found by it. */
  readonly hasReceivedAt: boolean;
  /** The stream all its rows are of, where it is one: the table's name. Absent: each row says. */
  readonly stream?: string;
}

/** The rows to read for a table: by default `table.raw`; a replacement has the same column names and types. */
export type RowsOf = (table: BoundTable) => Relation;

export const rawRows: RowsOf = (table) => table.raw;

/** What identity needs to know of any message, whatever its type. */
export const MESSAGE_COLUMNS: readonly Column[] = [
  { name: 'stream', type: 'text' },
  { name: 'message_id', type: 'text' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'received_at', type: 'timestamp' },
  { name: 'user_id', type: 'text' },
  { name: 'anonymous_id', type: 'text' },
  { name: 'in_universe', type: 'bool' },
  { name: 'has_device', type: 'bool' },
];

/** Where a value was looked for and not found. */
export interface MissingValue {
  readonly table: TableRef;
  /** Names of the columns that could have been meant. */
  readonly columns: readonly string[];
}

/** What names can be checked against: which events, values and traits a source has. */
export type Vocabulary = Pick<
  BoundSource,
  'name' | 'hasEvent' | 'eventNames' | 'hasTrait' | 'traitNames' | 'missingValue'
> & { readonly config: Pick<SourceConfig, 'layout'> };

/** A source whose tables and columns are known to exist. */
export interface BoundSource {
  readonly name: string;
  readonly config: SourceConfig;
  /** The raw tables a run reads, given the events in use. */
  tables(events: readonly string[]): readonly BoundTable[];
  hasEvent(event: string): boolean;
  /** Names an event could have been meant by; empty where any name is possible. */
  eventNames(): readonly string[];
  /** Whether the source's catalog has the trait a path begins with. */
  hasTrait(path: string, of: Level): boolean;
  traitNames(of: Level): readonly string[];
  /** Rows of one event: EVENT_COLUMNS, then the value columns; undefined where the source has no such event. */
  events(event: string, columns: readonly ValueColumn[], rows?: RowsOf): Relation | undefined;
  /** Whether rows of other events stand in the event's table too, so that `eventsTogether` can read them in one pass. */
  sharesTable(event: string): boolean;
  /**
   * Rows of events that share a table: EVENT_COLUMNS, `event_no` (the event's place in the list), then the value
   * columns of all of them, null where an event does not need one.
   */
  eventsTogether(events: readonly EventNeeds[], rows?: RowsOf): Relation;
  /** Identify messages: EVENT_COLUMNS, then one mention per trait path. */
  identifies(columns: readonly ValueColumn[], rows?: RowsOf): Relation | undefined;
  /** Group calls that name an account: EVENT_COLUMNS, `group_id`, then one mention per trait path. */
  groups(columns: readonly ValueColumn[], rows?: RowsOf): Relation | undefined;
  /** MESSAGE_COLUMNS of every row of a table. */
  messages(table: BoundTable, rows?: RowsOf): Relation;
  /** One column `name`: the top-level trait names in the rows, distinct; only where the columns do not tell. */
  traitKeys(of: Level, rows?: RowsOf): Relation | undefined;
  /** Where an event's value has no column; undefined when it has one, or when anything may be asked for. */
  missingValue(event: string, column: ValueColumn): MissingValue | undefined;
}
