import { as, c, caseWhen, col, nul, project } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { walkExpr } from '../ir/walk.js';
import { jsonFacet, jsonValueOf } from './columns.js';
import { cutAtElements } from './paths.js';
import { FACET_TYPES, type CatalogColumn, type Facet } from './types.js';

/**
 * Values inside JSON columns, for one projection over a table. Taking JSON apart is the dearest thing a row
 * costs, so each path is followed once, and facets are made of what was found.
 */
export class JsonValues {
  private readonly values = new Map<string, Named>();

  /** @param column a column by its standard name */
  constructor(private readonly column: (name: string) => CatalogColumn | undefined) {}

  /**
   * A facet of the value at a path, over the rows that `above` makes.
   *
   * @param only rows it is wanted of; the same for all facets of one path
   */
  facet(name: string, steps: readonly string[], facet: Facet, only?: Expr): Expr {
    const column = this.column(name);
    if (!column) return nul(FACET_TYPES[facet]);
    const key = JSON.stringify([name, steps]);
    const { before, rest } = cutAtElements(steps);
    const whole = jsonValueOf(column, before);
    const wanted = only ? caseWhen([{ when: only, then: whole }]) : whole;
    const value = this.values.get(key) ?? as(`rollcall_value_${this.values.size + 1}`, wanted);
    this.values.set(key, value);
    const found = col(value.name, 'json');
    return facet === 'json' || facet === 'mention' ? found : jsonFacet(found, rest, facet);
  }

  /**
   * Rows with what `facet` gave out.
   *
   * @param wanted columns of the result: some over `rows`, others made of `facet`
   * @param beside columns over `rows` that those of `facet` are told by
   */
  above(rows: Relation, wanted: readonly Named[], beside: readonly Named[]): Relation {
    if (this.values.size === 0 && beside.length === 0) return project(rows, wanted);
    const own = new Set(rows.columns.map((x) => x.name));
    const base = wanted.filter(({ expr }) => readsOnly(expr, own));
    const found = project(rows, [...base, ...beside, ...this.values.values()]);
    return project(
      found,
      wanted.map((column) => (base.includes(column) ? as(column.name, c(found, column.name)) : column)),
    );
  }
}

function readsOnly(expr: Expr, columns: ReadonlySet<string>): boolean {
  for (const e of walkExpr(expr)) if (e.kind === 'col' && !columns.has(e.name)) return false;
  return true;
}
