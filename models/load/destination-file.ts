import { buildDestination } from '../build/destination.js';
import { field } from '../build/context.js';
import type { Destination } from '../definition.js';
import { substitute, type Environment } from '../source/environment.js';
import type { ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { validateFile } from '../validate/explain.js';
import { inFile, readObject, type FileContext, type Loaded } from './result.js';

/**
 * Reads, validates and builds one destination file. `${env:NAME}` is replaced in its settings, which is
 * where secrets go; a disabled destination does not need its variables, nor does any when `detached`.
 */
export function loadDestination(
  context: FileContext,
  env: Environment,
  detached = false,
): Loaded<Destination> {
  const { root, problems, ...key } = readObject(context.source);
  if (root === undefined) return { ...key, diagnostics: inFile(problems, context.source) };
  const found: Problem[] = [...problems];
  const replaced = detached ? root : replaceSettings(root, env, found);
  found.push(...validateFile('destination', replaced));
  if (found.length > 0) return { ...key, diagnostics: inFile(found, context.source) };
  return { ...key, value: buildDestination(context, replaced), diagnostics: [] };
}

function replaceSettings(root: ObjectNode, env: Environment, found: Problem[]): ObjectNode {
  const missing: Problem[] = [];
  const outsideSettings = (entry: { key: string }, path: readonly string[]): boolean =>
    path.length === 0 && entry.key !== 'settings';
  const replaced = substitute(root, env, missing, outsideSettings);
  if (field(root, 'enabled')?.value !== false) found.push(...missing);
  return replaced.type === 'object' ? replaced : root;
}
