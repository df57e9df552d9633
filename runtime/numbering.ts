/** Definition numbers: small integers that stand for keys in state, never used twice. */
import type { StoredState } from './existing.js';

export interface Numbering {
  readonly bindings: ReadonlyMap<
    string,
    { readonly definitionNo: number; readonly firstRunAt: string | null }
  >;
  /** The next free number, kept in `meta`: a released key's rows are gone, its number is not. */
  readonly next: number;
}

/** Everything stored keeps its number; selected keys without one get the next. */
export function numberDefinitions(stored: StoredState, keys: readonly string[]): Numbering {
  const bindings = new Map<string, { definitionNo: number; firstRunAt: string | null }>();
  let next = Number(stored.meta.get('next_definition_no') ?? 1);
  for (const [key, { definitionNo, firstRunAt }] of stored.definitions) {
    bindings.set(key, { definitionNo, firstRunAt });
    next = Math.max(next, definitionNo + 1);
  }
  for (const key of keys) {
    if (bindings.has(key)) continue;
    bindings.set(key, { definitionNo: next, firstRunAt: null });
    next += 1;
  }
  return { bindings, next };
}
