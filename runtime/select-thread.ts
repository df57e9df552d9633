/**
 * What the second thread does (see `second-thread.ts`): resolves the project, finds out what definitions come to and makes
 * SELECTs until none are left, and writes its share of the files.
 */
import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { resolveProject, type ResolvedProject } from '../compiler/index.js';
import { CompilerBug } from '../compiler/diagnostics/index.js';
import { dialectFor } from '../dialects/registry.js';
import type { Spans } from '../models/definition.js';
import { writeFiles } from './files.js';
import { meaningsLeft } from './meanings.js';
import { Places } from './places.js';
import type { Answer, Made, Start, Told } from './second-thread.js';
import { selectAt } from './selects.js';

if (!parentPort) throw new CompilerBug('the second thread is the first');
const told = on(parentPort, 'message');
const places = workerData as Start;

/** Problems are reported by the first thread, which finds them too. */
const NOWHERE: Spans = { of: () => undefined };

const { project, engine } = await hear('project');
const dialect = await dialectFor(engine);
const { catalog, existing } = await hear('catalog');
const known: { needs?: ResolvedProject['needs'] } = {};
const needs = (): ResolvedProject['needs'] => {
  if (!known.needs) throw new CompilerBug('needs are asked for before they are told');
  return known.needs;
};
const { resolved } = resolveProject({ project, spans: NOWHERE, catalog, found: { needs } });
if (!resolved) throw new CompilerBug('a project that does not resolve');
const meanings = new Places(places.meanings);
meanings.join();
parentPort.postMessage({ meant: meaningsLeft(resolved, meanings) } satisfies Answer);
const { keys, asOf, ...first } = await hear('keys');
known.needs = first.needs;
const made: Made = new Map();
for (const place of new Places(places.selects).left(keys.length)) {
  try {
    made.set(place, selectAt({ resolved, dialect, stored: { existing }, asOf, keys }, place));
  } catch {
    // Left to the first thread, which knows where things stand in files.
  }
}
parentPort.postMessage({ made } satisfies Answer);
const { write } = await hear('write');
await writeFiles(write.root, write.files, write.there);
parentPort.postMessage({ written: true } satisfies Answer);
await told.return?.();

async function hear<K extends 'project' | 'catalog' | 'keys' | 'write'>(
  key: K,
): Promise<Extract<Told, Record<K, unknown>>> {
  const { value } = (await told.next()) as { readonly value: readonly [Told] };
  const [message] = value;
  if (!(key in message)) throw new CompilerBug(`${key} was expected`);
  return message as Extract<Told, Record<K, unknown>>;
}
