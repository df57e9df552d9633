/** Layout `table`: any fact table read as one event; its columns are the properties. */
import { CompilerBug } from '../diagnostics/index.js';
import type { SourceConfig } from '../../models/definition.js';
import { bool, text } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { rawRows, type BoundSource, type BoundTable, type MissingValue, type RowsOf } from './bound.js';
import { findPath, pathFacet, rawScan, type ColumnPath } from './columns.js';
import { pathSteps } from './paths.js';
import { eventRows, messageRows, type Roles } from './rows.js';
import type { StandardColumns } from './tables.js';
import type { CatalogTable, ValueColumn } from './types.js';

export const TABLE_COLUMNS = {
  required: ['id', 'timestamp'],
  optional: ['received_at', 'user_id', 'anonymous_id', 'group_id', 'source_id'],
} as const;

export class TableSource implements BoundSource {
  readonly name: string;
  private readonly table: BoundTable;
  private readonly roles: Roles;

  constructor(
    readonly config: SourceConfig,
    catalog: CatalogTable,
    private readonly columns: StandardColumns,
    private readonly event: string,
  ) {
    this.name = config.name;
    const hasReceivedAt = columns['received_at'] !== undefined;
    this.table = {
      table: catalog.table,
      raw: rawScan(catalog),
      catalog,
      hasReceivedAt,
      stream: catalog.table.name,
    };
    this.roles = {
      id: columns['id'],
      timestamp: columns['timestamp'],
      receivedAt: columns['received_at'],
      userId: columns['user_id'],
      anonymousId: columns['anonymous_id'],
      sourceId: columns['source_id'],
    };
  }

  tables(): readonly BoundTable[] {
    return [this.table];
  }

  hasEvent(event: string): boolean {
    return event === this.event;
  }

  eventNames(): readonly string[] {
    return [this.event];
  }

  hasTrait(): boolean {
    return false;
  }

  traitNames(): readonly string[] {
    return [];
  }

  events(event: string, columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation | undefined {
    if (!this.hasEvent(event)) return undefined;
    return eventRows(rows(this.table), this.roles, columns, (column) =>
      pathFacet(this.value(column), column.facet),
    );
  }

  sharesTable(): boolean {
    return false;
  }

  eventsTogether(): Relation {
    throw new CompilerBug(`events of source ${this.name} have tables of their own`);
  }

  identifies(): undefined {
    return undefined;
  }

  groups(): undefined {
    return undefined;
  }

  messages(table: BoundTable, rows: RowsOf = rawRows): Relation {
    return messageRows(rows(table), this.roles, text(table.stream ?? ''), bool(true));
  }

  traitKeys(): undefined {
    return undefined;
  }

  missingValue(event: string, column: ValueColumn): MissingValue | undefined {
    if (!this.hasEvent(event) || column.root === 'group' || this.value(column)) return undefined;
    return { table: this.table.table, columns: this.table.catalog.columns.map((c) => c.name) };
  }

  /** Columns in a standard part are readable too: an order's id is a property of the order. */
  private value(column: ValueColumn): ColumnPath | undefined {
    if (column.root === 'group') {
      const group = this.columns['group_id'];
      return group && { column: group, rest: [] };
    }
    const prefix = column.root === 'context' ? ['context'] : [];
    return findPath(this.table.catalog, pathSteps(column.path), () => false, prefix);
  }
}
