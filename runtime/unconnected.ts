/** Definitions that go nowhere, where the project says that these are not computed. */
import type { ResolvedProject } from '../compiler/index.js';
import { definitionsAlong } from '../compiler/resolve/along.js';
import { ownerOf, type Definition } from '../models/definition.js';
import { upstreamOf } from '../models/upstream.js';
import { withholdingKeys } from '../models/withholding.js';

/**
 * Keys of enabled definitions that are not computed, as neither they nor what reads them, at any distance, go to a
 * destination. A definition and its outputs are computed together. A destination that is paused counts: it is to catch up.
 */
export function unconnected({ project, definitions, byKey }: ResolvedProject): ReadonlySet<string> {
  if (project.config.computeUnconnected !== false) return new Set();
  const together = new Map<Definition, string[]>();
  for (const { definition } of definitions) {
    const owner = ownerOf(definition);
    together.set(owner, [...(together.get(owner) ?? []), definition.key]);
  }
  const connected = definitions.filter(({ definition }) => definition.destinations.length > 0);
  const needed = upstreamOf(
    [...connected.map(({ definition }) => definition.key), ...withholdingKeys(project.config)],
    (key) => {
      const found = byKey.get(key);
      return found
        ? [
            ...found.upstream,
            ...definitionsAlong(found.along),
            ...(together.get(ownerOf(found.definition)) ?? []),
          ]
        : [];
    },
  );
  return new Set(
    definitions
      .filter(({ definition }) => definition.enabled && !needed.has(definition.key))
      .map(({ definition }) => definition.key),
  );
}
