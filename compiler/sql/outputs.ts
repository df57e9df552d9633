/** What the queries of a project publish: each column but the id a trait, under the column's name. */
import type { Definition, Project, Spans, TraitDefinition } from '../../models/definition.js';
import { spanOf } from '../../models/source/spans.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { formatPlace } from '../diagnostics/print.js';
import type { BoundQuery } from './bind.js';

/**
 * The project with the outputs of its queries after the definitions they are of. A column called as its
 * definition is the definition itself.
 */
export function withOutputs(
  project: Project,
  bound: ReadonlyMap<string, BoundQuery>,
  spans: Spans,
): { readonly project: Project; readonly diagnostics: readonly Diagnostic[] } {
  if (bound.size === 0) return { project, diagnostics: [] };
  const owners = new Map<string, Definition>(project.definitions.map((d) => [d.key, d]));
  const diagnostics: Diagnostic[] = [];
  const definitions = project.definitions.flatMap((definition): readonly Definition[] => {
    const query = bound.get(definition.key);
    if (!query || definition.kind !== 'trait') return [definition];
    const outputs = query.outputs.flatMap(({ key }): readonly TraitDefinition[] => {
      if (key === definition.key) return [];
      const taken = owners.get(key);
      if (taken) diagnostics.push(takenKey(key, definition, taken, spans));
      owners.set(key, definition);
      return taken ? [] : [outputOf(definition, key)];
    });
    return [definition, ...outputs];
  });
  return { project: { ...project, definitions }, diagnostics };
}

const outputOf = (definition: TraitDefinition, key: string): TraitDefinition => ({
  ...definition,
  key,
  name: key,
  output: { of: definition, name: key },
});

function takenKey(key: string, definition: Definition, other: Definition, spans: Spans): Diagnostic {
  const place = spans.of(other);
  return {
    code: 'duplicate-key',
    severity: 'error',
    message: `the column ${JSON.stringify(key)} of ${JSON.stringify(definition.key)} is a trait, and its key is already used in ${place === undefined ? 'another definition' : formatPlace(place)}`,
    hint: 'name the column anew: … as another_key',
    definition: definition.key,
    ...spanOf(spans, definition),
  };
}
