import type { AudienceDefinition, TraitDefinition } from '../models/definition.js';
import { isCounting, type Reducer } from '../models/algebra.js';
import type { DefinitionRow } from './existing.js';

/** As much of the definition as messages about its end are made of; its file is gone. */
export function stub(row: DefinitionRow): AudienceDefinition | TraitDefinition {
  const base = {
    key: row.key,
    name: row.name ?? row.key,
    of: row.of === 'accounts' ? ('accounts' as const) : ('users' as const),
    tags: [],
    enabled: false,
    includeAnonymous: true,
    history: { mode: 'all' as const },
    destinations: [],
    file: '',
  };
  if (row.kind !== 'trait') return { ...base, kind: 'audience', condition: { kind: 'any', of: [] } };
  const stream = { kind: 'event' as const, event: '' };
  return { ...base, kind: 'trait', value: { kind: 'reduced', stream, reducer: reducerNamed(row.reducer) } };
}

/** Only whether it counts matters: the end of a count is 0, of anything else null. */
const reducerNamed = (fn: string | null): Reducer =>
  isCounting(fn) ? { fn: 'count' } : { fn: 'last', property: '' };
