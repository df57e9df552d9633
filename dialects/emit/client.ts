/** Our knex client: it lays out the SELECTs, CTEs and set operations that `assemble.ts` has knex assemble. */
import type { Knex } from 'knex';
import Client from 'knex/lib/client.js';
import QueryCompiler from 'knex/lib/query/querycompiler.js';
import type { Sql } from '../dialect.js';

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
    return `with ${ctes.map((cte) => this.withWrapped(cte)).join(',\n')}\n`;
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
