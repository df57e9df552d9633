import type { DefinitionResult } from './api.js';

/** How many changes a run made. */
export interface Totals {
  readonly entered: number;
  readonly exited: number;
  readonly changed: number;
}

/** What the definitions of a run come to together; one that was not computed adds nothing. */
export function totalsOf(definitions: readonly DefinitionResult[]): Totals {
  const sum = (of: keyof Totals): number => definitions.reduce((all, one) => all + (one[of] ?? 0), 0);
  return { entered: sum('entered'), exited: sum('exited'), changed: sum('changed') };
}
