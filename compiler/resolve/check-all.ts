/** All definitions of a project checked, each by itself and for what they read of each other. */
import { ownerOf, type Definition, type Spans } from '../../models/definition.js';
import type { Entities } from '../bind/entity.js';
import type { Vocabulary } from '../bind/index.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { topological } from '../plan/graph.js';
import { checkDefinition, type Checked } from './check.js';
import type { Names } from './names.js';

/**
 * Checks every definition (see `checkDefinition`). Of several with one key each is checked, and the last is the one others read.
 *
 * @returns what was found of each key; keys in an order in which each comes after what it reads, where there is no cycle
 */
export function checkAll(
  definitions: readonly Definition[],
  names: Names,
  sources: readonly Vocabulary[],
  entities: Entities | undefined,
  spans: Spans,
): {
  readonly checked: ReadonlyMap<string, Checked>;
  readonly order: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const checked = new Map<string, Checked>();
  for (const definition of definitions) {
    const found = checkDefinition(definition, names, sources, entities, spans);
    diagnostics.push(...found.diagnostics);
    checked.set(definition.key, found);
  }
  const { order, cycles } = topological(new Map([...checked].map(([key, { upstream }]) => [key, upstream])));
  diagnostics.push(...cycles.map((cycle) => cycleProblem(cycle, names, spans)));
  return { checked, order, diagnostics };
}

/** Definitions that refer to each other in a circle, told where the first of them stands. */
function cycleProblem(cycle: readonly string[], names: Names, spans: Spans): Diagnostic {
  const [first = ''] = cycle;
  const definition = names.definition(first);
  const span = definition && (spans.of(definition) ?? spans.of(ownerOf(definition)));
  return {
    code: 'cycle',
    severity: 'error',
    message: `Definitions refer to each other in a circle: ${cycle.join(' → ')}`,
    hint: 'break it by repeating the condition instead of one reference',
    definition: first,
    ...(span ? { span } : {}),
  };
}
