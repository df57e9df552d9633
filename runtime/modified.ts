/** `state:modified`: what means something else than what was last published, or than another manifest says. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedProject } from '../compiler/index.js';
import { UserError } from '../compiler/diagnostics/index.js';
import type { StoredState } from './existing.js';

/** Keys that are new or whose fingerprint differs; from the warehouse, or from the manifest in a folder. */
export async function modifiedSince(
  resolved: ResolvedProject,
  stored: StoredState,
  stateDir: string | undefined,
): Promise<ReadonlySet<string>> {
  const before = stateDir === undefined ? storedFingerprints(stored) : await manifestFingerprints(stateDir);
  const changed = resolved.definitions.filter((d) => before.get(d.definition.key) !== d.fingerprint);
  return new Set(changed.map((d) => d.definition.key));
}

const storedFingerprints = (stored: StoredState): ReadonlyMap<string, string | null> =>
  new Map([...stored.definitions].map(([key, row]) => [key, row.fingerprint]));

async function manifestFingerprints(dir: string): Promise<ReadonlyMap<string, string>> {
  const path = join(dir, 'manifest.json');
  const refuse = (message: string, cause: unknown): never => {
    throw new UserError(
      {
        code: 'invalid-argument',
        severity: 'error',
        message,
        hint: '--state takes a folder with a manifest.json',
      },
      2,
      { cause },
    );
  };
  const text = await readFile(path, 'utf8').catch((cause: unknown) =>
    refuse(`${path} cannot be read`, cause),
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return refuse(`${path} is not JSON`, cause);
  }
  const definitions = (parsed as { definitions?: unknown }).definitions;
  if (!Array.isArray(definitions)) return refuse(`${path} is not a manifest`, undefined);
  return new Map(
    (definitions as { key?: unknown; fingerprint?: unknown }[]).map((d) => [
      String(d.key),
      String(d.fingerprint),
    ]),
  );
}
