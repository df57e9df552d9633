/** Fingerprints and needs of a project's definitions: each is found out by itself, so that threads can share them out. */
import type { Meaning, ResolvedProject } from '../compiler/index.js';
import type { Places } from './places.js';
import type { Meanings, SecondThread } from './second-thread.js';

/** Those that nobody else took. */
export function meaningsLeft({ definitions }: ResolvedProject, places: Places): Meanings {
  const found = new Map<string, Meaning>();
  for (const place of places.left(definitions.length)) {
    const resolved = definitions[place];
    if (!resolved) continue;
    const { definition, fingerprint, needs } = resolved;
    found.set(definition.key, { fingerprint, needs });
  }
  return found;
}

/** Finds out what all definitions come to; gives what a second thread found out of them. */
export async function shareMeanings(resolved: ResolvedProject, second: SecondThread): Promise<Meanings> {
  meaningsLeft(resolved, second.meanings);
  const others = second.meanings.joined ? await second.meant() : undefined;
  return others ?? new Map();
}
