import { copyFile, mkdir } from 'node:fs/promises';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import { packageDir } from '../package.js';

/** Schemas of the files a person writes. */
const FILES = [
  'rollcall.json',
  'audience.json',
  'trait.json',
  'journey.json',
  'destination.json',
  'test.json',
] as const;

const LOCAL = join('.rollcall', 'schemas');

/**
 * The folder of JSON Schemas that a project's files should refer to, absolute. The package's own where
 * everybody who has the project has it too: in `node_modules` of the project or above it, or in the checkout
 * the project is part of. Else a copy inside the project.
 */
export async function schemaFolder(projectDir: string): Promise<string> {
  const installed = [...ancestors(projectDir)].find((dir) =>
    isPackage(join(dir, 'node_modules', 'rollcall')),
  );
  if (installed !== undefined) return join(installed, 'node_modules', 'rollcall', 'schemas');
  if (`${projectDir}${sep}`.startsWith(`${packageDir}${sep}`)) return join(packageDir, 'schemas');
  const folder = join(projectDir, LOCAL);
  await mkdir(folder, { recursive: true });
  for (const file of FILES) await copyFile(join(packageDir, 'schemas', file), join(folder, file));
  return folder;
}

/** How a file refers to a schema: a relative path with forward slashes. */
export function schemaRef(
  folder: string,
  file: string,
  kind: 'rollcall' | 'audience' | 'trait' | 'journey' | 'destination' | 'test',
): string {
  const path = relative(dirname(file), join(folder, `${kind}.json`))
    .split(sep)
    .join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

function* ancestors(dir: string): Generator<string> {
  yield dir;
  const parent = dirname(dir);
  if (parent !== dir) yield* ancestors(parent);
}

function isPackage(folder: string): boolean {
  return existsSync(folder) && realpathSync(folder) === realpathSync(packageDir);
}
