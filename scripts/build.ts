/**
 * Builds `dist/`, as it is published (`npm run build`): our modules and the small packages that every command loads
 * become a few files, for finding and reading hundreds of them takes longer than most commands' work. Commands keep
 * loading lazily what only they need. Types are checked elsewhere (`npm run typecheck`).
 */
import { chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

import { REPLACED, validatorsModule } from './validators.js';

/** Packages that become part of `dist/`; any other stays a package, above all drivers: they hold files of their own. */
const BUNDLED = [
  '@opentelemetry/api', // what SDKs register with is global, whichever copy of it asks
  '@duckdb/node-api', // nothing but JavaScript: the engine itself is @duckdb/node-bindings
  '@sinclair/typebox',
  'ajv', // what its generated code calls
  'cli-table3',
  'commander',
  'fastest-levenshtein',
  'handlebars',
  'jsonc-parser',
  'knex',
  'p-queue',
  'p-retry',
  'picocolors',
];

/** Where a second thread begins. */
const SELECT_THREAD = 'runtime/select-thread';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Leaves packages alone that are not listed, unless it is a listed one that asks. */
const packages: Plugin = {
  name: 'packages',
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      const native = path.startsWith('@duckdb/node-bindings');
      const ours = kind !== 'entry-point' && !importer.includes('node_modules');
      const listed = BUNDLED.some((name) => path === name || path.startsWith(`${name}/`));
      return native || (ours && !listed) ? { external: true } : undefined;
    });
  },
};

/** Modules that are others in `dist/`, by their paths from the root. */
const IN_PLACE: Readonly<Record<string, () => string>> = {
  // ajv compiles schemas to code: here once, instead of whenever a file is read.
  [REPLACED]: validatorsModule,
  // Every file of `dist/` is in a folder of it.
  'runtime/select-thread-file.ts': () =>
    `export const SELECT_THREAD = new URL('../${SELECT_THREAD}.js', import.meta.url);`,
};

const replaced: Plugin = {
  name: 'replaced',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const module = IN_PLACE[relative(root, path).replaceAll('\\', '/')];
      return module && { contents: module(), loader: 'js', resolveDir: dirname(path) };
    });
  },
};

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { 'cli/main': 'cli/main.ts', [SELECT_THREAD]: `${SELECT_THREAD}.ts` },
  outdir: dist,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none', // whole licences stand in their own file
  metafile: true,
  plugins: [packages, replaced],
  // Packages that are no ES modules ask for Node's own by `require`.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
await chmod(join(dist, 'cli/main.js'), 0o755);
await writeFile(join(dist, 'LICENSES.txt'), await licences(metafile));

/** The licences of the packages that became part of the build. */
async function licences({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).flatMap((file) => {
    const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    return found === undefined ? [] : [found];
  });
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const text = await readFile(join(root, folder, 'package.json'), 'utf8');
    const { name, version, license } = JSON.parse(text) as Record<'name' | 'version' | 'license', string>;
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    const body = file === undefined ? '' : `\n\n${await readFile(join(root, folder, file), 'utf8')}`;
    return `${name} ${version} (${license})${body.trimEnd()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
