/** A query as a relation: its holes filled with tables, definitions and values. */
import type { LiteralPart, Part } from '../../macros/index.js';
import { rawScan } from '../bind/columns.js';
import { pathSteps } from '../bind/paths.js';
import type { CatalogTable } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { bool, call, col, int, lit, nul, param, path, text, userQuery } from '../ir/build.js';
import type { Column, Expr, QueryPiece, Relation, UserQuery } from '../ir/types.js';
import { canonicalDecimal } from '../lower/decimal.js';
import type { SqlQuery } from './read.js';

/** What `{{ref "key"}}` has: for audiences the first two. */
export const REF_COLUMNS = {
  audience: [
    { name: 'profile_id', type: 'text' },
    { name: 'user_id', type: 'text' },
  ],
  trait: [
    { name: 'profile_id', type: 'text' },
    { name: 'user_id', type: 'text' },
    { name: 'value', type: 'text' },
    { name: 'number_value', type: 'number' },
    { name: 'text_value', type: 'text' },
  ],
} as const satisfies Record<string, readonly Column[]>;

export interface Fillings {
  readonly tables: ReadonlyMap<string, CatalogTable>;
  /** REF_COLUMNS of the rows a definition has. */
  readonly ref: (key: string) => Relation;
}

const AS_OF = param('as_of', 'timestamp');

/** The relation of a query; `columns` are those the warehouse found, none to have it described. */
export function queryRelation(query: SqlQuery, columns: readonly Column[], fill: Fillings): UserQuery {
  // One relation a key, so that a definition read twice is computed once.
  const refs = new Map<string, Relation>();
  const pieces = query.parts.map((part): QueryPiece => {
    switch (part.kind) {
      case 'text':
        return { kind: 'text', text: part.text };
      case 'ref': {
        const relation = refs.get(part.key) ?? fill.ref(part.key);
        refs.set(part.key, relation);
        return { kind: 'rows', relation };
      }
      case 'source': {
        const table = fill.tables.get(part.name);
        if (!table) throw new CompilerBug(`no table ${part.name}`);
        return { kind: 'rows', relation: rawScan(table) };
      }
      default:
        return { kind: 'value', expr: valueOf(part) };
    }
  });
  return userQuery(pieces, columns, query.mentions);
}

function valueOf(part: Exclude<Part, { kind: 'text' | 'ref' | 'source' }>): Expr {
  switch (part.kind) {
    case 'as_of':
      return AS_OF;
    case 'ago':
      return call('ts_add_micros', AS_OF, int(-part.micros));
    case 'literal':
      return literalOf(part.value);
    case 'name':
      return col(part.name, 'text');
    case 'json': {
      const json = call('any_json', col(part.column, 'text'));
      return call(part.as === 'text' ? 'json_text' : 'json_number', json, path(pathSteps(part.path)));
    }
  }
}

function literalOf(value: LiteralPart): Expr {
  if (value === null) return nul('text');
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return bool(value);
  if (Number.isSafeInteger(value)) return int(value);
  const decimal = canonicalDecimal(String(value));
  if (decimal === undefined) throw new CompilerBug(`the number ${value} passed reading`);
  return lit({ type: 'number', value: decimal });
}
