/** The page of recipes, made of their files: what is read is what is tested. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/cookbook.md', import.meta.url));

/** Folders of models/ in the order of the page. */
const THEMES: readonly (readonly [folder: string, title: string])[] = [
  ['lifecycle', 'Where people are with you'],
  ['carts', 'Carts and browsing'],
  ['value', 'What they are worth'],
  ['dates', 'Dates that come'],
  ['accounts', 'Accounts'],
  ['warehouse', 'What else the warehouse knows'],
  ['experiments', 'Experiments and consent'],
  ['journeys', 'Journeys'],
];

const INTRO = `# Cookbook

Audiences that marketers ask for, each a file in [examples/cookbook](../examples/cookbook/) with a test beside it. Copy one,
change its event names, run its test: \`rollcall test --project examples/cookbook --select regulars\`. What the words mean is in
[semantics.md](semantics.md).
`;

interface Recipe {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly [field: string]: unknown;
}

/** docs/cookbook.md as it has to be, formatted. */
export async function cookbookPage(): Promise<string> {
  const folders = await readdir(join(HERE, 'models'));
  const unknown = folders.filter((folder) => !THEMES.some(([name]) => name === folder));
  if (unknown.length > 0) throw new Error(`a folder without a title: ${unknown.join(', ')}`);
  const parts: string[] = [INTRO];
  for (const [folder, title] of THEMES) {
    if (!folders.includes(folder)) continue;
    parts.push(`## ${title}`);
    for (const recipe of await recipes(folder)) parts.push(await section(folder, recipe));
  }
  return format(parts.join('\n\n'), { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

/** The recipes of a folder, by name. */
async function recipes(folder: string): Promise<readonly Recipe[]> {
  const files = (await readdir(join(HERE, 'models', folder))).filter((file) => file.endsWith('.json'));
  const read = files.map(
    async (file) => JSON.parse(await readFile(join(HERE, 'models', folder, file), 'utf8')) as Recipe,
  );
  return (await Promise.all(read)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function section(folder: string, recipe: Recipe): Promise<string> {
  const { $schema: _, kind, key, name, description, ...rest } = recipe;
  const file = `../examples/cookbook/models/${folder}/${key}.json`;
  const test = await readFile(join(HERE, 'tests', `${key}.json`), 'utf8').catch(() => undefined);
  const links = [
    `[${basename(file)}](${file})`,
    ...(test === undefined ? [] : [`[its test](../examples/cookbook/tests/${key}.json)`]),
  ];
  const shown = Object.keys(rest).length === 1 ? rest['definition'] : rest;
  const noun = kind === 'audience' ? '' : ` (${kind})`;
  const query = sqlFile(recipe);
  const sql = query === undefined ? undefined : await readFile(join(HERE, 'models', folder, query), 'utf8');
  return [
    `### ${name}${noun}`,
    `${description}. ${links.join(' · ')}`,
    `\`\`\`json\n${JSON.stringify(shown)}\n\`\`\``,
    ...(sql === undefined ? [] : [`\`\`\`sql\n${sql.trimEnd()}\n\`\`\``]),
  ].join('\n\n');
}

/** The query beside a definition, where it has one. */
function sqlFile({ definition }: Recipe): string | undefined {
  const isForm = typeof definition === 'object' && definition !== null && 'sql_file' in definition;
  return isForm && typeof definition.sql_file === 'string' ? definition.sql_file : undefined;
}
