import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

import type { Introspected } from './introspect.js';
import { schemaFolder, schemaRef } from './schemas.js';

export interface Written {
  /** Relative to the project. */
  readonly written: readonly string[];
  /** What was there already, and stays. */
  readonly kept: readonly string[];
}

/** Writes the files of a new project. A file that is there is never touched. */
export async function writeProject(
  dir: string,
  target: Readonly<Record<string, unknown>>,
  found: Introspected,
): Promise<Written> {
  const folder = await schemaFolder(dir);
  const audience = join('models', 'active_users.json');
  const test = join('tests', 'active_users.json');
  const ref = (file: string, kind: 'rollcall' | 'audience' | 'test'): string =>
    schemaRef(folder, join(dir, file), kind);
  const sources = found.sources.length > 0 ? found.sources : found.suggestions;
  const event = found.event ?? 'Page Viewed';
  const files: Readonly<Record<string, string>> = {
    'rollcall.json': json({
      $schema: ref('rollcall.json', 'rollcall'),
      name: projectName(dir),
      target: 'dev',
      targets: { dev: target },
      sources,
    }),
    [audience]: json({
      $schema: ref(audience, 'audience'),
      kind: 'audience',
      key: 'active_users',
      name: 'Active users',
      description: `${event} in the last 30 days`,
      of: 'users',
      definition: { event, within: '30 days', count: { at_least: 1 } },
    }),
    [test]: json({
      $schema: ref(test, 'test'),
      tests: [
        {
          name: 'active users did something in the last 30 days',
          steps: [
            {
              land: [
                { ...messageOf(event), user_id: 'ann', ago: '10 days' },
                { ...messageOf(event), user_id: 'bob', ago: '31 days' },
              ],
              as_of: '2025-03-01',
              expect: { members: { active_users: ['ann'] } },
            },
          ],
        },
      ],
    }),
    '.gitignore': 'target/\n*.duckdb\n*.duckdb.wal\n',
  };
  const written: string[] = [];
  const kept: string[] = [];
  for (const [file, text] of Object.entries(files)) {
    const isNew = await writeNew(join(dir, file), text);
    (isNew ? written : kept).push(file.split(sep).join('/'));
  }
  return { written, kept };
}

/** A message that is an event: pages and screens are told by their type. */
function messageOf(event: string): Readonly<Record<string, string>> {
  if (event === 'Page Viewed') return { type: 'page', name: 'Home' };
  if (event === 'Screen Viewed') return { type: 'screen', name: 'Home' };
  return { event };
}

/** False when there is such a file already. */
async function writeNew(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function projectName(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '_');
  return name === '' || name === '_' ? 'project' : name;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
