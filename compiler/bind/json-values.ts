import { as, c, call, col, nul, path, project } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { walkExpr } from '../ir/walk.js';
import { jsonFacet } from './columns.js';
import { FACET_TYPES, type Facet } from './types.js';

/**
 * Values inside JSON columns, for one projection over a table. Taking JSON apart is the dearest thing a row
 * costs, so each document is parsed once, each path followed once, and facets are made of what was found.
 */
export class JsonValues {
  private readonly documents = new Map<string, { readonly name: string; readonly json: Expr }>();
  private readonly values = new Map<string, Named>();

  /** @param document the JSON of a column by its standard name; a null literal where there is none */
  constructor(private readonly document: (name: string) => Expr) {}

  /** A facet of the value at a path, over the rows that `above` makes. */
  facet(column: string, steps: readonly string[], facet: Facet): Expr {
    const json = this.document(column);
    if (json.kind === 'null') return nul(FACET_TYPES[facet]);
    const key = JSON.stringify([column, steps]);
    let value = this.values.get(key);
    if (!value) {
      const document = this.documents.get(column) ?? { name: `rollcall_${column}`, json };
      this.documents.set(column, document);
      const found = call('json_value', col(document.name, 'json'), path(steps));
      value = as(`rollcall_value_${this.values.size + 1}`, found);
      this.values.set(key, value);
    }
    const found = col(value.name, 'json');
    return facet === 'json' || facet === 'mention' ? found : jsonFacet(found, [], facet);
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
    const passed = [...base, ...beside];
    const documents = [...this.documents.values()].map(({ name, json }) => as(name, json));
    const parsed = project(rows, [...passed, ...documents]);
    const kept = passed.map(({ name }) => as(name, c(parsed, name)));
    const found = project(parsed, [...kept, ...this.values.values()]);
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
