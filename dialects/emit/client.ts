/**
 * knex assembles our SELECTs, CTEs and set operations; the fragments between the keywords never pass through
 * its string processing. knex splits identifiers on dots, reads `x as y` as an alias, takes every `?` for a
 * placeholder and escapes literals by its own rules, so each fragment travels as one binding: knex prints a
 * `?` for it, and `assemble` puts the text in its place when knex is done.
 */
import type { Knex } from 'knex';
import Client from 'knex/lib/client.js';
import QueryCompiler from 'knex/lib/query/querycompiler.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Sql } from '../dialect.js';

/** Finished SQL that knex carries as a binding. It quacks like `knex.raw`, without that class's cost. */
class Fragment {
  readonly isRawInstance = true;
  constructor(readonly sql: Sql) {}
  toSQL(): { sql: string; bindings: readonly Fragment[] } {
    return { sql: '?', bindings: [this] };
  }
}

/** Prints one clause a line, and the body of a CTE indented. Its own text holds no literal: it may move lines. */
class LayoutCompiler extends QueryCompiler {
  override select(): string {
    const ctes = this.with();
    const clauses = [this.columns(), this.where(), this.group(), this.having()];
    const body = clauses.filter((clause) => clause !== undefined && clause !== '').join('\n');
    return ctes + body + this.union();
  }

  // Lists start on a line of their own, hence no space after the keyword.
  override columns(): string {
    return super
      .columns()
      .replace('select ', 'select')
      .replace('distinct ', ' distinct')
      .replace(' from ', '\nfrom ');
  }

  // A SELECT without a table is not a mere holder of its unions; asking knex would also reorder the bindings.
  override onlyUnions(): boolean {
    return false;
  }

  override with(): string {
    const ctes = this.grouped.with;
    if (ctes === undefined || ctes.length === 0) return '';
    return `${WITH}${ctes.map((cte) => this.withWrapped(cte)).join(',\n')}\n`;
  }

  override withWrapped(cte: object): string {
    const sql = super.withWrapped(cte);
    return `${sql.slice(0, -1).replace(' as (', ' as (\n').replaceAll('\n', '\n  ')}\n)`;
  }

  override union(): string {
    const { distinctUnion } = this.client as EmitClient;
    return super
      .union()
      .replace(
        / ?(union(?: all)?) select/g,
        (_, word) => `\n${word === 'union' ? distinctUnion : word}\nselect`,
      );
  }
}

/**
 * The base of every engine's knex client: no driver, no pool, no connection. An engine overrides what its SQL
 * spells differently. The only names that knex itself quotes are those of CTEs.
 */
export class EmitClient extends Client {
  /** What joins SELECTs whose rows become distinct; some engines want `union distinct`. */
  readonly distinctUnion: string = 'union';
  readonly #quote: (name: string) => Sql;

  constructor(name: string, quoteIdentifier: (name: string) => Sql) {
    super({ client: name });
    this.#quote = quoteIdentifier;
  }

  override queryCompiler(builder: Knex.QueryBuilder, bindings?: unknown[]): QueryCompiler {
    return new LayoutCompiler(this, builder, bindings);
  }

  override wrapIdentifier(name: string): Sql {
    return this.#quote(name);
  }
}

const raw = (sql: Sql): Knex.Raw => new Fragment(sql) as unknown as Knex.Raw;

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

const WITH = 'with ';

/** CTEs as text, as they stand in a WITH. */
export function finished(client: EmitClient, ctes: readonly Cte[]): Sql {
  const builder = client.queryBuilder().select(raw('1'));
  const sql = assembled(builder, client, ctes);
  return sql.slice(WITH.length, sql.lastIndexOf('\nselect'));
}

/** One query with its CTEs as text; those made before, which read none of the others, come first. */
export function assemble(
  client: EmitClient,
  before: readonly Sql[],
  ctes: readonly Cte[],
  query: QueryShape,
): Sql {
  const sql = assembled(build(client, query), client, ctes);
  if (before.length === 0) return sql;
  return `${WITH}${before.join(',\n')}${ctes.length === 0 ? `\n${sql}` : `,\n${sql.slice(WITH.length)}`}`;
}

function assembled(builder: Knex.QueryBuilder, client: EmitClient, ctes: readonly Cte[]): Sql {
  for (const cte of ctes) void builder.with(cte.name, build(client, cte.query));
  const { sql, bindings } = builder.toSQL();
  return substitute(sql, bindings as readonly unknown[]);
}

function build(client: EmitClient, { selects, operation }: QueryShape): Knex.QueryBuilder {
  const [first, ...others] = selects.map((clauses) => select(client, clauses));
  if (!first) throw new CompilerBug('a query without a select');
  if (others.length > 0) void (operation === 'union' ? first.union(others) : first.unionAll(others));
  return first;
}

function select(client: EmitClient, clauses: SelectClauses): Knex.QueryBuilder {
  const builder = client.queryBuilder();
  void (clauses.distinct ? builder.distinct(raw(clauses.items)) : builder.select(raw(clauses.items)));
  if (clauses.from !== undefined) void builder.from(raw(clauses.from));
  if (clauses.where !== undefined) void builder.whereRaw(raw(clauses.where));
  if (clauses.groupBy !== undefined) void builder.groupByRaw(raw(clauses.groupBy));
  if (clauses.having !== undefined) void builder.havingRaw(raw(clauses.having));
  return builder;
}

/** Puts each fragment in the place of its `?`; knex's own text holds no other. */
function substitute(sql: string, bindings: readonly unknown[]): Sql {
  const parts = sql.split('?');
  if (parts.length !== bindings.length + 1) throw new CompilerBug('a placeholder without its fragment');
  let out = parts[0] ?? '';
  for (let i = 0; i < bindings.length; i++) {
    const fragment = bindings[i];
    if (!(fragment instanceof Fragment)) throw new CompilerBug('a binding that is no fragment');
    out += fragment.sql + (parts[i + 1] ?? '');
  }
  return out;
}
