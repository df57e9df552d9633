/**
 * knex assembles our SELECTs, CTEs and set operations; the fragments between the keywords never pass through
 * its string processing. knex splits identifiers on dots, reads `x as y` as an alias, takes every `?` for a
 * placeholder and escapes literals by its own rules, so each fragment travels as one binding: knex prints a
 * `?` for it, and the text is put in its place when knex is done. What knex prints thus depends only on which
 * clauses there are, so it is asked once for each such shape.
 */
import type { Knex } from 'knex';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Sql } from '../dialect.js';
import type { EmitClient } from './client.js';

/** The clauses of one SELECT, each finished SQL; lists are already laid out over lines. */
export interface SelectClauses {
  readonly distinct: boolean;
  readonly items: Sql;
  readonly from?: Sql | undefined;
  readonly where?: Sql | undefined;
  readonly groupBy?: Sql | undefined;
  readonly having?: Sql | undefined;
}

/** A query that can stand alone or be a CTE: one SELECT, or several joined by one set operation. */
export interface QueryShape {
  readonly selects: readonly SelectClauses[];
  readonly operation: 'union' | 'union all';
}

export interface Cte {
  /** A plain identifier: letters, digits and underscores. */
  readonly name: string;
  readonly query: QueryShape;
}

/** CTEs as text, as they stand in a WITH. */
export function finished(client: EmitClient, ctes: readonly Cte[]): Sql {
  return ctes
    .map(({ name, query }) => `${client.wrapIdentifier(name)}${filled(cteTemplate(client, query), query)}`)
    .join(',\n');
}

/** One query with its CTEs as text; those made before, which read none of the others, come first. */
export function assemble(
  client: EmitClient,
  before: readonly Sql[],
  ctes: readonly Cte[],
  query: QueryShape,
): Sql {
  const sql = filled(selectTemplate(client, query), query);
  const all = ctes.length === 0 ? before : [...before, finished(client, ctes)];
  return all.length === 0 ? sql : `with ${all.join(',\n')}\n${sql}`;
}

/** What knex prints: the texts between fragments, and which fragment comes after each but the last. */
interface Template {
  readonly texts: readonly string[];
  readonly places: readonly number[];
}

/** A fragment's place, which knex carries as a binding. It quacks like `knex.raw`, without that class's cost. */
class Place {
  readonly isRawInstance = true;
  constructor(readonly index: number) {}
  toSQL(): { sql: string; bindings: readonly Place[] } {
    return { sql: '?', bindings: [this] };
  }
}

const CLAUSES = ['items', 'from', 'where', 'groupBy', 'having'] as const;

function fragments({ selects }: QueryShape): Sql[] {
  const found: Sql[] = [];
  for (const clauses of selects) {
    for (const clause of CLAUSES) {
      const sql = clauses[clause];
      if (sql !== undefined) found.push(sql);
    }
  }
  return found;
}

function filled({ texts, places }: Template, query: QueryShape): Sql {
  const sql = fragments(query);
  return places.reduce((out, place, i) => `${out}${sql[place] ?? ''}${texts[i + 1] ?? ''}`, texts[0] ?? '');
}

const selectTemplate = (client: EmitClient, query: QueryShape): Template =>
  remembered(client, 'select', query, () => templateOf(build(client, query)));

/** What stands behind a CTE's name. */
const cteTemplate = (client: EmitClient, query: QueryShape): Template =>
  remembered(client, 'cte', query, () => {
    const name = 'cte';
    const bare = client.queryBuilder().select(placed(fragments(query).length));
    const { texts, places } = templateOf(bare.with(name, build(client, query)));
    const start = `with ${client.wrapIdentifier(name)}`.length;
    const last = texts.at(-2) ?? ''; // before the one item of the bare SELECT
    const body = [...texts.slice(0, -2), last.slice(0, last.lastIndexOf('\nselect'))];
    return {
      texts: body.map((text, i) => (i === 0 ? text.slice(start) : text)),
      places: places.slice(0, -1),
    };
  });

const templates = new WeakMap<EmitClient, Map<string, Template>>();

function remembered(client: EmitClient, use: string, query: QueryShape, make: () => Template): Template {
  const known = templates.get(client) ?? new Map<string, Template>();
  templates.set(client, known);
  let key = `${use} ${query.operation}`;
  for (const select of query.selects) {
    key += select.distinct ? ' distinct' : ' ';
    for (const clause of CLAUSES) key += select[clause] === undefined ? '-' : '?';
  }
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

function templateOf(builder: Knex.QueryBuilder): Template {
  const { sql, bindings } = builder.toSQL();
  const texts = sql.split('?');
  const places = (bindings as readonly unknown[]).map((binding) => {
    if (!(binding instanceof Place)) throw new CompilerBug('a binding that is no fragment');
    return binding.index;
  });
  if (texts.length !== places.length + 1) throw new CompilerBug('a placeholder without its fragment');
  return { texts, places };
}

const placed = (index: number): Knex.Raw => new Place(index) as unknown as Knex.Raw;

function build(client: EmitClient, { selects, operation }: QueryShape): Knex.QueryBuilder {
  let index = 0;
  const [first, ...others] = selects.map((clauses) => select(client, clauses, () => placed(index++)));
  if (!first) throw new CompilerBug('a query without a select');
  if (others.length > 0) void (operation === 'union' ? first.union(others) : first.unionAll(others));
  return first;
}

/** The clauses take their places in the order of `CLAUSES`. */
function select(client: EmitClient, clauses: SelectClauses, next: () => Knex.Raw): Knex.QueryBuilder {
  const builder = client.queryBuilder();
  void (clauses.distinct ? builder.distinct(next()) : builder.select(next()));
  if (clauses.from !== undefined) void builder.from(next());
  if (clauses.where !== undefined) void builder.whereRaw(next());
  if (clauses.groupBy !== undefined) void builder.groupByRaw(next());
  if (clauses.having !== undefined) void builder.havingRaw(next());
  return builder;
}
