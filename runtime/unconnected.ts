/** Definitions that go nowhere, where the project says that these are not computed. */
import type { ResolvedProject } from '../compiler/index.js';
import { ownerOf } from '../models/definition.js';
import { withholdingKeys } from '../models/withholding.js';

/**
 * Keys of enabled definitions that are not computed, as neither they nor what reads them, at any distance, go to a
 * destination. A definition and its outputs are computed together. A destination that is paused counts: it is to catch up.
 */
export function unconnected({ project, definitions }: ResolvedProject): ReadonlySet<string> {
  if (project.config.computeUnconnected !== false) return new Set();
  const byKey = new Map(definitions.map((one) => [one.definition.key, one]));
  const connected = definitions.filter(({ definition }) => definition.destinations.length > 0);
  const needed = new Set([
    ...connected.map(({ definition }) => definition.key),
    ...withholdingKeys(project.config),
  ]);
  // A Set visits what is added on the way.
  for (const key of needed) {
    const found = byKey.get(key);
    if (!found) continue;
    const owner = ownerOf(found.definition);
    for (const upstream of found.upstream) needed.add(upstream);
    for (const { definition } of definitions) if (ownerOf(definition) === owner) needed.add(definition.key);
  }
  return new Set(
    definitions
      .filter(({ definition }) => definition.enabled && !needed.has(definition.key))
      .map(({ definition }) => definition.key),
  );
}
