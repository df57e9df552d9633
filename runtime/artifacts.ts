/** What is written under `target/`: SQL, manifest.json, run_results.json (schemas in schemas/). */
import { join } from 'node:path';
import type { ResolvedProject } from '../compiler/index.js';
import type { Project } from '../models/definition.js';
import type { RunResult } from './api.js';
import { pruneSql, writeFiles, type OutputFile } from './files.js';
import { artifactMetadata, manifestOf, type ArtifactMetadata } from './manifest.js';
import type { Script } from './script.js';
import { compiledPath, runFiles } from './sql-files.js';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The statements of a run and the manifest. Gives the paths under `target/run`, in order. */
export async function writeRunArtifacts(
  resolved: ResolvedProject,
  script: Script,
  asOf: string,
  generatedAt: string,
): Promise<readonly string[]> {
  const { dir } = resolved.project;
  const run = runFiles(script);
  const manifest = { path: 'target/manifest.json', content: json(manifestOf(resolved, asOf, generatedAt)) };
  await pruneSql(join(dir, 'target/run'), new Set(run.map((file) => join(dir, file.path))));
  await writeFiles(dir, [...run, manifest]);
  return run.map((file) => file.path);
}

/** Standalone SELECTs; those of definitions that are gone are removed, those not selected are kept. */
export async function writeCompiled(resolved: ResolvedProject, files: readonly OutputFile[]): Promise<void> {
  const { dir } = resolved.project;
  const known = new Set(resolved.definitions.map((d) => join(dir, compiledPath(d.definition))));
  await pruneSql(join(dir, 'target/compiled'), known);
  await writeFiles(dir, files);
}

export type RunResults = { readonly metadata: ArtifactMetadata } & RunResult;

/** `target/run_results.json`: what the run says of itself, for whoever comes after. */
export async function writeRunResults(project: Project, result: RunResult): Promise<void> {
  const content: RunResults = { metadata: artifactMetadata(project, result.finished_at), ...result };
  await writeFiles(project.dir, [{ path: 'target/run_results.json', content: json(content) }]);
}
