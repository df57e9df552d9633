/**
 * Entities: rows of tables that belong to profiles or to rows of other entities (SEMANTICS §2 Entities). A row is
 * looked at as often as anything asks for it; nothing is joined.
 */
import { holds, type ComparisonScope } from './compare.js';
import { Decimal } from './decimal.js';
import {
  profileName,
  type Condition,
  type EntityConfig,
  type EntityStream,
  type Json,
  type PlainTable,
  type Predicate,
  type ProfileRef,
  type ValueReference,
} from './model.js';
import { parsePath, readSteps } from './paths.js';
import { reducerOf, reduceValues } from './reducers.js';
import { formatInstant, requireInstant, type Micros } from './time.js';
import { compareTexts, textOf, type Value } from './values.js';

/** What evaluating a profile's rows needs to know besides the stream. */
export interface RowScope {
  asOf: Micros;
  profile: ProfileRef;
  entities: EntityWorld;
  satisfies(condition: Condition): boolean;
  readTrait(name: string): Value[];
}

/** A row of an entity, its values by column. */
export interface EntityRow {
  entity: string;
  values: Map<string, Json>;
}

/** Every entity and its rows, each id once. */
export class EntityWorld {
  private readonly rowsByEntity = new Map<string, EntityRow[]>();

  constructor(
    private readonly configs: Readonly<Record<string, EntityConfig>>,
    private readonly tables: Readonly<Record<string, PlainTable>>,
    /** Who an anonymous id is. */
    private readonly ofAnonymous: (id: string) => ProfileRef,
  ) {}

  rows(entity: string): EntityRow[] {
    const known = this.rowsByEntity.get(entity);
    if (known) return known;
    const config = this.config(entity);
    const table = this.tables[config.table];
    if (!table) throw new Error(`no table ${config.table}`);
    const columns = Object.entries(table.columns);
    const all = table.rows.map((row): EntityRow => ({
      entity,
      values: new Map(columns.map(([name, type]) => [name, cellOf(type, row[name] ?? null)])),
    }));
    const rows = all.filter((row) => cellText(row, config.id) !== undefined);
    // Of rows with one id the first counts, by the texts of their columns; a missing one comes last.
    rows.sort((a, b) => {
      for (const [name] of columns) {
        const [x, y] = [cellText(a, name), cellText(b, name)];
        if (x === y) continue;
        if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
        return compareTexts(x, y);
      }
      return 0;
    });
    const seen = new Set<string>();
    const once = rows.filter((row) => {
      const id = cellText(row, config.id) ?? '';
      return seen.has(id) ? false : seen.add(id);
    });
    this.rowsByEntity.set(entity, once);
    return once;
  }

  /** What identifies a row. */
  id(row: EntityRow): string {
    return cellText(row, this.config(row.entity).id) ?? '';
  }

  /** Whether a row is a profile's: as a message is, a user's where it has a user id, else the anonymous id's. */
  belongs(row: EntityRow, profile: ProfileRef): boolean {
    const of = (type: 'user_id' | 'anonymous_id' | 'group_id'): string | undefined => {
      const column = this.config(row.entity).profile?.[type];
      return (column === undefined ? undefined : cellText(row, column)) || undefined;
    };
    if (profile.kind === 'account') return of('group_id') === profile.id;
    const [user, anonymous] = [of('user_id'), of('anonymous_id')];
    const owner =
      user === undefined
        ? anonymous === undefined
          ? undefined
          : this.ofAnonymous(anonymous)
        : { kind: 'user' as const, id: user };
    return owner !== undefined && profileName(owner) === profileName(profile);
  }

  /** Whether two rows are related, whichever of their entities says so. */
  related(outer: EntityRow, inner: EntityRow): boolean {
    const said = this.config(outer.entity).relations?.[inner.entity];
    const pairs = said
      ? Object.entries(said)
      : Object.entries(this.config(inner.entity).relations?.[outer.entity] ?? {}).map(([own, other]) => [
          other,
          own,
        ]);
    if (pairs.length === 0) throw new Error(`${outer.entity} is not related to ${inner.entity}`);
    return pairs.every(([a = '', b = '']) => {
      const value = cellText(outer, a);
      return value !== undefined && value === cellText(inner, b);
    });
  }

  /** A property: in a column renamed to it, or named as its steps are, or in the JSON that such a column holds. */
  read(row: EntityRow, path: string): Value[] {
    const steps = parsePath(path);
    const spread = steps.indexOf('$');
    const longest = spread === -1 ? steps.length : spread;
    const { columns = {} } = this.config(row.entity);
    for (let length = longest; length > 0; length--) {
      const head = steps.slice(0, length);
      const renamed = head.map((step) => step.replaceAll('.', '\\.')).join('.');
      const column = Object.hasOwn(columns, renamed) ? columns[renamed] : undefined;
      if (column !== undefined) return inside(cell(row, column), steps.slice(length));
    }
    for (let length = longest; length > 0; length--) {
      const name = steps.slice(0, length).join('_');
      if (cell(row, name) !== undefined) return inside(cell(row, name), steps.slice(length));
    }
    return [];
  }

  private config(entity: string): EntityConfig {
    const config = this.configs[entity];
    if (!config) throw new Error(`no entity ${entity}`);
    return config;
  }
}

/**
 * Whether an entity stream's reducer compares as the condition says; without a reducer, whether there is any row.
 *
 * @param reads what the comparison may look at where the stream stands
 */
export function satisfiesEntity(
  stream: EntityStream,
  scope: RowScope,
  reads: ComparisonScope,
  around: readonly EntityRow[] = [],
): boolean {
  const { args } = reducerOf(stream) ?? { args: { at_least: 1 } };
  return holds([entityValue(stream, scope, around)], args, reads);
}

/** What an entity stream's rows come to; without a reducer, how many they are. */
export function entityValue(stream: EntityStream, scope: RowScope, around: readonly EntityRow[] = []): Value {
  const { name, args } = reducerOf(stream) ?? { name: 'count' as const, args: {} };
  const { entities } = scope;
  const rows = matchingRows(stream, scope, around);
  if (name === 'count') return Decimal.ofInteger(rows.length);
  const { property } = args;
  if (property === undefined) throw new Error(`${name} needs a property`);
  return reduceValues(
    rows.flatMap((row) => entities.read(row, property)),
    name,
    args,
  );
}

/** Rows that a stream selects of a profile, or of the row around it. */
export function matchingRows(
  stream: EntityStream,
  scope: RowScope,
  around: readonly EntityRow[],
): EntityRow[] {
  const { entities, profile } = scope;
  const outer = around.at(-1);
  return entities
    .rows(stream.entity)
    .filter((row) => (outer ? entities.related(outer, row) : entities.belongs(row, profile)))
    .filter((row) => stream.where === undefined || satisfies(stream.where, scope, [...around, row]));
}

function satisfies(predicate: Predicate, scope: RowScope, rows: readonly EntityRow[]): boolean {
  if ('all' in predicate) return predicate.all.every((part) => satisfies(part, scope, rows));
  if ('any' in predicate) return predicate.any.some((part) => satisfies(part, scope, rows));
  if ('not' in predicate) return !satisfies(predicate.not, scope, rows);
  if ('event' in predicate) throw new Error('an event inside an entity');
  if ('audience' in predicate) return scope.satisfies(predicate);
  const reads = rowScope(scope, rows);
  if ('entity' in predicate) return satisfiesEntity(predicate, scope, reads, rows);
  return holds(reads.read(predicate), predicate, reads);
}

/** What comparisons read of a row, of the row around it, and of the profile. */
function rowScope(scope: RowScope, rows: readonly EntityRow[]): ComparisonScope {
  return {
    asOf: scope.asOf,
    read(reference: ValueReference): Value[] {
      if ('entity' in reference) return [entityValue(reference, scope, rows)];
      if ('trait' in reference) return scope.readTrait(reference.trait);
      if (!('property' in reference)) throw new Error('rows have properties only');
      const row = reference.of === 'parent' ? rows.at(-2) : rows.at(-1);
      if (!row) throw new Error('a reference to a row where there is none');
      return scope.entities.read(row, reference.property);
    },
  };
}

/** A cell as a value: an instant is its text, as it is in JSON. */
function cellOf(type: string, value: Json): Json {
  return type === 'timestamp' && typeof value === 'string' ? formatInstant(requireInstant(value)) : value;
}

/** A column's value, by its name in any case; undefined where there is no such column. */
function cell(row: EntityRow, column: string): Json | undefined {
  if (row.values.has(column)) return row.values.get(column);
  const found = [...row.values.keys()].find((name) => name.toLowerCase() === column.toLowerCase());
  return found === undefined ? undefined : row.values.get(found);
}

const cellText = (row: EntityRow, column: string): string | undefined => textOf(cell(row, column));

/** Steps into a column's JSON, or into text that holds JSON. */
function inside(value: Json | undefined, steps: readonly string[]): Value[] {
  if (steps.length === 0 || typeof value !== 'string') return readSteps(value, steps);
  try {
    return readSteps(JSON.parse(value) as Json, steps);
  } catch {
    return readSteps(undefined, steps);
  }
}
