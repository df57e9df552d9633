/** What is written under `target/`: SQL, manifest.json, run_results.json (schemas in schemas/). */
import { join } from 'node:path';
import type { ResolvedProject } from '../compiler/index.js';
import type { Project } from '../models/definition.js';
import type { RunResult } from './api.js';
import { pruneSql, writeFiles, type OutputFile } from './files.js';
import { artifactMetadata, manifestOf, type ArtifactMetadata } from './manifest.js';
import type { Script } from './script.js';
import type { SecondThread } from './second-thread.js';
import { compiledPath, runFiles } from './sql-files.js';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What is to be written of a run. */
export interface RunArtifacts {
  /** Its statements, in order, under `target/run`. */
  readonly sql: readonly OutputFile[];
  readonly manifest: OutputFile;
}

/** The statements of a run and the manifest. */
export function runArtifacts(
  resolved: ResolvedProject,
  script: Script,
  asOf: string,
  generatedAt: string,
): RunArtifacts {
  const manifest = json(manifestOf(resolved, asOf, generatedAt));
  return { sql: runFiles(script), manifest: { path: 'target/manifest.json', content: manifest } };
}

/** Writes the statements of a run and the manifest. */
export async function writeRunArtifacts(
  resolved: ResolvedProject,
  script: Script,
  asOf: string,
  generatedAt: string,
): Promise<void> {
  await writeArtifacts(resolved, runArtifacts(resolved, script, asOf, generatedAt));
}

/** Writes what was made of a run. */
export async function writeArtifacts(
  { project: { dir } }: ResolvedProject,
  { sql, manifest }: RunArtifacts,
): Promise<void> {
  const there = await pruneSql(join(dir, 'target/run'), new Set(sql.map((file) => join(dir, file.path))));
  await writeFiles(dir, sql, there);
  await writeFiles(dir, [manifest]);
}

/** Standalone SELECTs; those of definitions that are gone are removed, those not selected are kept. */
export async function writeCompiled(
  resolved: ResolvedProject,
  files: readonly OutputFile[],
  second?: SecondThread,
): Promise<void> {
  const { dir } = resolved.project;
  const known = new Set(resolved.definitions.map((d) => join(dir, compiledPath(d.definition))));
  const there = await pruneSql(join(dir, 'target/compiled'), known);
  const half = second ? Math.ceil(files.length / 2) : files.length;
  const others = files.slice(half);
  const written = second?.write({ root: dir, files: others, there });
  await writeFiles(dir, files.slice(0, half), there);
  // What the other thread could not write cannot be written here either, and then that is said.
  if ((await written) === false) await writeFiles(dir, others, there);
}

export type RunResults = { readonly metadata: ArtifactMetadata } & RunResult;

/** `target/run_results.json`: what the run says of itself, for whoever comes after. */
export async function writeRunResults(project: Project, result: RunResult): Promise<void> {
  const content: RunResults = { metadata: artifactMetadata(project, result.finished_at), ...result };
  await writeFiles(project.dir, [{ path: 'target/run_results.json', content: json(content) }]);
}
