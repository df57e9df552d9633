/** The standalone SELECTs of a project's definitions: each is made alone, so that threads can share them out. */
import type { ResolvedProject } from '../compiler/index.js';
import { CompilerBug, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Spans } from '../models/definition.js';
import type { StoredState } from './existing.js';
import { attributed } from './failures.js';
import { Places } from './places.js';
import type { Made, SecondThread } from './second-thread.js';
import { standaloneSql, type Standalone } from './sql-files.js';

/** What SELECTs are made of; the same in every thread. */
export interface SelectInput {
  readonly resolved: ResolvedProject;
  readonly dialect: Dialect;
  readonly stored: Pick<StoredState, 'existing'>;
  readonly asOf: string;
  readonly keys: readonly string[];
}

/** The SELECT of one of the keys. */
export function selectAt({ resolved, dialect, stored, asOf, keys }: SelectInput, place: number): Standalone {
  const key = keys[place];
  if (key === undefined) throw new CompilerBug(`no definition at ${place}`);
  return standaloneSql(resolved, key, dialect, stored, asOf);
}

/**
 * The SELECTs of all keys, in their order; a second thread makes those that this one does not come to. Throws what the
 * engine cannot do, all of it, each with its definition.
 */
export async function standaloneSelects(
  input: SelectInput,
  spans: Spans,
  second?: SecondThread,
): Promise<readonly Standalone[]> {
  const made: Made = new Map();
  const problems = new Map<number, readonly Diagnostic[]>();
  const make = (place: number): void => {
    try {
      made.set(place, selectAt(input, place));
    } catch (error) {
      const definition = input.resolved.byKey.get(input.keys[place] ?? '')?.definition;
      if (!definition) throw error;
      problems.set(place, attributed(error, definition, spans));
    }
  };
  for (const place of (second?.selects ?? new Places()).left(input.keys.length)) make(place);
  const others = (await second?.made()) ?? (new Map() as Made);
  for (const place of input.keys.keys()) {
    const other = others.get(place);
    if (other) made.set(place, other);
    // What failed in the other thread fails here too, and says why.
    else if (!made.has(place) && !problems.has(place)) make(place);
  }
  if (problems.size > 0) throw new UserError(inOrder(problems).flat());
  return inOrder(made);
}

const inOrder = <T>(byPlace: ReadonlyMap<number, T>): readonly T[] =>
  [...byPlace].sort(([a], [b]) => a - b).map(([, value]) => value);
