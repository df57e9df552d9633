/** The text of stable relations (IR `stable`): made once for an engine and an instant, pasted into every query. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Relation } from '../../compiler/ir/types.js';
import type { Params, Sql } from '../dialect.js';
import { finished, type Cte } from './assemble.js';
import type { EmitEngine } from './engine.js';
import { plainName } from './names.js';

export interface StableCte {
  readonly name: string;
  /** Its own CTEs, those it is made of first, as they stand in a WITH. */
  readonly text: Sql;
  /** Lower-case names of its own CTEs. */
  readonly names: ReadonlySet<string>;
  /** Stable relations that must come before it. */
  readonly reads: readonly StableCte[];
}

const made = new WeakMap<EmitEngine, Map<string, WeakMap<Relation, StableCte>>>();

/** Stable CTEs with all they read, each once. */
export function withReads(ctes: Iterable<StableCte>): ReadonlySet<StableCte> {
  const all = new Set<StableCte>();
  const add = (cte: StableCte): void => {
    if (all.has(cte)) return;
    all.add(cte);
    cte.reads.forEach(add);
  };
  for (const cte of ctes) add(cte);
  return all;
}

/** What prints a relation as the last of its CTEs, their names begun by `prefix`. */
export type PrintCtes = (
  params: Params,
  prefix: string,
  name: string,
) => { readonly ctes: readonly Cte[]; readonly reads: ReadonlySet<StableCte> };

/** The CTE of a stable relation, from the text made before where there is one. */
export function stableCte(
  engine: EmitEngine,
  params: Params,
  relation: Relation,
  print: PrintCtes,
): StableCte {
  const cache = cacheOf(engine, params);
  const found = cache.get(relation);
  if (found) return found;
  if (relation.label === undefined) throw new CompilerBug('a stable relation without a name');
  const name = plainName(relation.label, engine.maxIdentifier);
  const printed = print(onlyAsOf(params), `${name}_`, name);
  const text = finished(engine.client, printed.ctes);
  const reads = [...printed.reads];
  const names = new Set(printed.ctes.map((cte) => cte.name.toLowerCase()));
  const cte: StableCte = { name, text, names, reads };
  cache.set(relation, cte);
  return cte;
}

function cacheOf(engine: EmitEngine, params: Params): WeakMap<Relation, StableCte> {
  const byInstant = made.get(engine) ?? new Map<string, WeakMap<Relation, StableCte>>();
  made.set(engine, byInstant);
  const key = String(params['as_of']?.value);
  const cache = byInstant.get(key) ?? new WeakMap<Relation, StableCte>();
  byInstant.set(key, cache);
  return cache;
}

const onlyAsOf = (params: Params): Params => (params['as_of'] ? { as_of: params['as_of'] } : {});
