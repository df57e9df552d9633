/** The raw tables of a test: filled with everything it lands before any is made, so that columns know their types. */
import { parseTableName } from '../../compiler/bind/index.js';
import * as ir from '../../compiler/ir/build.js';
import type { Column, Relation, ScalarType, TableRef } from '../../compiler/ir/types.js';
import type { Step } from '../../compiler/program/types.js';
import { cellExpr, commonType, type Cells } from './cells.js';

interface Row {
  readonly step: number;
  readonly cells: Cells;
}

/** One table, as far as it is known. Column names are one without regard to case, as warehouses have them. */
class ScratchTable {
  private readonly columns = new Map<string, { readonly name: string; type: ScalarType | undefined }>();
  private readonly rows: Row[] = [];
  private readonly replacing = new Set<number>();

  constructor(readonly ref: TableRef) {}

  /** A column that is there whether or not a row has it; a text where no row says what it is. */
  column(name: string, type?: ScalarType): void {
    const found = this.columns.get(name.toLowerCase());
    if (found === undefined) this.columns.set(name.toLowerCase(), { name, type });
    else if (type !== undefined) found.type = found.type === undefined ? type : commonType(found.type, type);
  }

  has(name: string): boolean {
    return this.columns.has(name.toLowerCase());
  }

  add(step: number, cells: Cells): void {
    for (const [name, cell] of Object.entries(cells)) this.column(name, cell.type);
    this.rows.push({ step, cells });
  }

  /** From a step on it holds the rows of that step only. */
  replaceAt(step: number): void {
    this.replacing.add(step);
  }

  replacesAt(step: number): boolean {
    return this.replacing.has(step);
  }

  get spec(): { readonly table: TableRef; readonly columns: readonly Column[] } {
    const columns = [...this.columns.values()].map(({ name, type = 'text' }) => ({ name, type }));
    return { table: this.ref, columns };
  }

  /** The rows of a step; undefined where it has none. */
  landed(step: number): Relation | undefined {
    const { columns } = this.spec;
    const rows = this.rows.filter((row) => row.step === step);
    if (rows.length === 0 && !this.replacesAt(step)) return undefined;
    const values = rows.map(({ cells }) => {
      const byName = new Map(Object.entries(cells).map(([name, cell]) => [name.toLowerCase(), cell]));
      return columns.map(({ name, type }) => cellExpr(byName.get(name.toLowerCase()), type));
    });
    return ir.values(columns, values);
  }
}

export class ScratchTables {
  private readonly tables = new Map<string, ScratchTable>();

  /** The table of a name such as `shop.orders`, made when first asked for. */
  table(name: string): ScratchTable {
    const { catalog: _, ...ref } = parseTableName(name);
    return this.at(ref);
  }

  /** The same by its parts: a scratch warehouse has one catalog. */
  at(ref: TableRef): ScratchTable {
    const key = `${ref.schema ?? ''}.${ref.name}`.toLowerCase();
    const found = this.tables.get(key) ?? new ScratchTable(ref);
    this.tables.set(key, found);
    return found;
  }

  /** Steps that make every table, empty. */
  make(): readonly Step[] {
    const specs = [...this.tables.values()].map((table) => table.spec);
    const schemas = new Set(specs.flatMap(({ table }) => table.schema ?? []));
    return [
      ...[...schemas].map((schema): Step => ({ op: 'ensure_schema', schema, ...named(schema) })),
      ...specs.map((spec): Step => ({ op: 'ensure_table', spec, ...named(spec.table.name) })),
    ];
  }

  /** Steps that land what a step of the test lands. */
  land(step: number): readonly Step[] {
    return [...this.tables.values()].flatMap((table): Step[] => {
      const query = table.landed(step);
      if (query === undefined) return [];
      const { ref, spec } = table;
      if (table.replacesAt(step)) return [{ op: 'replace', spec, query, ...named(ref.name) }];
      return [{ op: 'append', table: ref, query, ...named(ref.name) }];
    });
  }
}

const named = (name: string): { readonly id: string; readonly title: string } => ({
  id: `scratch.${name}`,
  title: name,
});
