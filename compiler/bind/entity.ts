/** Entities: warehouse tables whose rows are related to profiles and to each other (SEMANTICS §2). */
import type { ColumnRef, EntityConfig, EntityIdentifier } from '../../models/definition.js';
import { CompilerBug, type Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { antiJoin, as, c, call, col, filter, int, project, rowNumber, semiJoin, union } from '../ir/build.js';
import type { ColumnKind, Relation } from '../ir/types.js';
import {
  findColumn,
  findPath,
  holdsJson,
  identifierOf,
  pathFacet,
  rawScan,
  textOf,
  type ColumnPath,
} from './columns.js';
import { cutAtElements, hashedName, pathOf, pathSteps } from './paths.js';
import { repeatedIds } from './rows.js';
import { findTable, listNames, missingTable, parseTableName, tableText } from './tables.js';
import type { Catalog, CatalogColumn, CatalogTable, JoinColumn, ValueColumn } from './types.js';

/** The text that identifies a row of an entity. */
export const ENTITY_ID = 'entity_id';

/** Columns that are equal where rows of two entities are related. */
export interface Related {
  readonly outer: JoinColumn;
  readonly inner: JoinColumn;
}

/** What of an entity's rows is wanted. */
export interface EntityRows {
  readonly identifiers: readonly EntityIdentifier[];
  readonly joins: readonly JoinColumn[];
  readonly columns: readonly ValueColumn[];
}

/** An entity and the table it is. */
export class BoundEntity {
  constructor(
    readonly config: EntityConfig,
    readonly table: CatalogTable,
  ) {}

  /** Where a property is: in the column configured, else in one called as it is, or in the JSON of either. */
  value(path: string): ColumnPath | undefined {
    const steps = pathSteps(path);
    for (let { length } = cutAtElements(steps).before; length > 0; length--) {
      const renamed = pathOf(steps.slice(0, length));
      const ref = Object.hasOwn(this.config.columns, renamed) ? this.config.columns[renamed] : undefined;
      const column = ref && findColumn(this.table, ref.column);
      const rest = steps.slice(length);
      if (column && (rest.length === 0 || holdsJson(column))) return { column, rest };
    }
    return findPath(this.table, steps, () => false);
  }

  /** What is wrong with a property that no column holds. */
  missingValue(path: string): Pick<Diagnostic, 'message' | 'hint'> | undefined {
    if (this.value(path)) return undefined;
    const names = [...Object.keys(this.config.columns), ...this.table.columns.map((x) => x.name)];
    const hint = didYouMean(path, names);
    return {
      message: `Entity ${this.config.name}: table ${tableText(this.table.table)} has no column for the property "${path}". Columns: ${listNames(names)}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }

  /** Which identifiers of profiles its rows carry. */
  get identifiers(): readonly EntityIdentifier[] {
    return Object.keys(this.config.profile) as EntityIdentifier[];
  }

  kindOf(ref: ColumnRef): ColumnKind {
    return this.column(ref).kind;
  }

  /** Ids that several rows have. */
  repeatedIds(): Relation {
    return repeatedIds(rawScan(this.table), this.column(this.config.id).name, this.idText());
  }

  /**
   * Its rows, each id once: `entity_id`, identifiers (text), join columns, values. Rows without an id are left out;
   * of several with one id the first counts, in the order of the texts of their columns.
   *
   * @param repeated ids that several rows have
   */
  rows({ identifiers, joins, columns }: EntityRows, repeated = this.repeatedIds()): Relation {
    const rows = this.once(repeated);
    return project(rows, [
      as(ENTITY_ID, this.idText()),
      ...identifiers.map((type) => {
        const ref = this.config.profile[type];
        return as(type, identifierOf(ref && this.column(ref)));
      }),
      ...joins.map((join) => {
        const column = this.column(join);
        return as(join.name, join.as === 'int' ? col(column.name, 'int') : textOf(column));
      }),
      ...columns.map((column) => as(column.name, pathFacet(this.value(column.path), column.facet))),
    ]);
  }

  private once(repeated: Relation): Relation {
    const raw = rawScan(this.table);
    const id = this.column(this.config.id).name;
    const alone = antiJoin(filter(raw, call('is_not_null', c(raw, id))), repeated, [id]);
    const ranked = rowNumber(semiJoin(raw, repeated, [id]), {
      partitionBy: [c(raw, id)],
      orderBy: this.table.columns.map((column) => ({ expr: textOf(column), nulls: 'last' as const })),
      as: PLACE,
    });
    const first = filter(ranked, call('eq', col(PLACE, 'int'), int(1)));
    const columns = raw.columns.map(({ name }) => as(name, c(raw, name)));
    return union([project(alone, columns), project(first, columns)]);
  }

  private idText() {
    return textOf(this.column(this.config.id));
  }

  private column(ref: ColumnRef): CatalogColumn {
    const found = findColumn(this.table, ref.column);
    if (!found) throw new CompilerBug(`entity ${this.config.name} has no column ${ref.column}`);
    return found;
  }
}

const PLACE = 'rollcall_place';

/** The data graph. */
export class Entities {
  constructor(private readonly bound: ReadonlyMap<string, BoundEntity>) {}

  get(name: string): BoundEntity | undefined {
    return this.bound.get(name);
  }

  names(): readonly string[] {
    return [...this.bound.keys()];
  }

  /** How rows of an entity find those of one inside its `where`, whichever of the two says so; nothing: they do not. */
  related(outer: string, inner: string): readonly Related[] {
    const [a, b] = [this.bound.get(outer), this.bound.get(inner)];
    if (!a || !b) return [];
    const said = relationOf(a, inner);
    if (said) return said.map(({ own, other }) => pairOf(a, own, b, other));
    return (relationOf(b, outer) ?? []).map(({ own, other }) => pairOf(a, other, b, own));
  }

  /** Entities that rows of one are related to. */
  relatedTo(name: string): readonly string[] {
    return this.names().filter((other) => this.related(name, other).length > 0);
  }
}

const relationOf = ({ config }: BoundEntity, to: string): EntityConfig['relations'][string] | undefined =>
  Object.hasOwn(config.relations, to) ? config.relations[to] : undefined;

function pairOf(outer: BoundEntity, a: ColumnRef, inner: BoundEntity, b: ColumnRef): Related {
  const form = outer.kindOf(a) === 'int' && inner.kindOf(b) === 'int' ? 'int' : 'text';
  return { outer: joinColumn(a, form), inner: joinColumn(b, form) };
}

const joinColumn = ({ column }: ColumnRef, form: JoinColumn['as']): JoinColumn => ({
  name: hashedName(`${column}_key`, 'join', column, form),
  column,
  as: form,
});

/** A problem with what stands at a node of the configuration. */
export interface EntityProblem extends Diagnostic {
  readonly at: object;
}

/** Binds entities to the tables the catalog says there are. */
export function bindEntities(
  configs: Readonly<Record<string, EntityConfig>>,
  catalog: Catalog,
): { readonly entities: Entities; readonly problems: readonly EntityProblem[] } {
  const bound = new Map<string, BoundEntity>();
  const problems: EntityProblem[] = [];
  for (const [name, config] of Object.entries(configs)) {
    const wanted = parseTableName(config.table);
    const table = findTable(catalog, wanted);
    if (table) bound.set(name, new BoundEntity(config, table));
    else problems.push({ ...missingTable(`Entity ${name}`, catalog, wanted), at: config });
  }
  const check = (entity: BoundEntity | undefined, refs: readonly ColumnRef[]): void => {
    if (entity) problems.push(...refs.flatMap((ref) => missingColumn(entity, ref) ?? []));
  };
  for (const [name, { id, profile, columns, relations }] of Object.entries(configs)) {
    check(bound.get(name), [id, ...Object.values(profile), ...Object.values(columns)]);
    for (const [to, pairs] of Object.entries(relations)) {
      check(
        bound.get(name),
        pairs.map(({ own }) => own),
      );
      check(
        bound.get(to),
        pairs.map(({ other }) => other),
      );
    }
  }
  return { entities: new Entities(bound), problems };
}

function missingColumn({ config, table }: BoundEntity, ref: ColumnRef): EntityProblem | undefined {
  if (findColumn(table, ref.column)) return undefined;
  const names = table.columns.map((x) => x.name);
  const hint = didYouMean(ref.column, names);
  return {
    code: 'missing-column',
    severity: 'error',
    message: `Entity ${config.name}: table ${tableText(table.table)} has no column ${ref.column}. Its columns: ${listNames(names)}`,
    ...(hint === undefined ? {} : { hint }),
    at: ref,
  };
}

/**
 * A catalog in which every entity's table has the columns asked for: what definitions need of entities is told before
 * there are any tables.
 */
export function imaginedTables(
  configs: Readonly<Record<string, EntityConfig>>,
  properties: readonly string[],
): readonly CatalogTable[] {
  const columnsOf = (name: string, { id, profile, columns, relations }: EntityConfig): readonly string[] => [
    id.column,
    ...Object.values(profile).map((ref) => ref.column),
    ...Object.values(columns).map((ref) => ref.column),
    ...Object.values(relations).flatMap((pairs) => pairs.map(({ own }) => own.column)),
    ...Object.values(configs).flatMap((other) =>
      Object.hasOwn(other.relations, name)
        ? (other.relations[name] ?? []).map((pair) => pair.other.column)
        : [],
    ),
    ...properties.map((path) => pathSteps(path)[0] ?? path),
  ];
  const byTable = new Map<string, Map<string, CatalogColumn>>();
  for (const [name, config] of Object.entries(configs)) {
    const columns = byTable.get(config.table) ?? new Map<string, CatalogColumn>();
    byTable.set(config.table, columns);
    for (const column of columnsOf(name, config))
      if (!columns.has(column.toLowerCase()))
        columns.set(column.toLowerCase(), { name: column, nativeType: 'text', kind: 'text' });
  }
  return [...byTable].map(([table, columns]) => ({
    table: parseTableName(table),
    columns: [...columns.values()],
  }));
}
