import { join, resolve } from 'node:path';

import { CompilerBug, type Diagnostic } from '../../compiler/diagnostics/index.js';
import { compareDiagnostics } from '../../compiler/diagnostics/print.js';
import type { Definition, Destination, MacroFile, Project, ProjectConfig, Spans } from '../definition.js';
import { errorCode, findJson, nodeFs, readTexts, reason, type FoundFile, type ProjectFs } from '../files.js';
import type { Environment } from '../source/environment.js';
import { SpanStore } from '../source/spans.js';
import { SourceText } from '../source/text.js';
import { alertProblems } from './alert-checks.js';
import { brokenLinks, duplicateKeys, longKeys, silentLinks } from './cross-checks.js';
import { loadDefinition } from './definition-file.js';
import { applyExclusions } from './exclusions.js';
import { entityLinkProblems } from './entity-links.js';
import { loadDestination } from './destination-file.js';
import { traitLinkProblems } from './trait-links.js';
import { loadProjectFile } from './project-file.js';
import { readMacros, readQueryFiles } from './query-files.js';
import { receiverProblems } from './receiver-checks.js';
import { withholdingProblems } from './withholding-checks.js';
import { unreadable, type FileContext, type Loaded } from './result.js';

export interface LoadOptions {
  /** The project folder, absolute or relative to the working directory. */
  readonly dir: string;
  readonly env: Environment;
  /** Instead of the project's own `target`. */
  readonly target?: string;
  /** Added to the project's `vars`, and stronger. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** Neither target nor destinations will be opened: the variables of their settings need not be set. */
  readonly detached?: boolean;
  /** Told how many files of definitions there are, before they are read. */
  readonly onFound?: (files: number) => void;
  readonly fs?: ProjectFs;
}

export interface LoadResult {
  /** What could be built; complete only when `diagnostics` holds no error. Absent without a configuration. */
  readonly project?: Project;
  /** Every problem of every file, in the order of files and places. */
  readonly diagnostics: readonly Diagnostic[];
  readonly spans: Spans;
  /** Keys claimed by definitions that could not be built: a reference to one of them is not dangling. */
  readonly brokenKeys: ReadonlySet<string>;
}

/**
 * Reads a project folder (SEMANTICS §9): rollcall.json, models/, macros/ and destinations/. Reads everything and
 * reports everything; it rejects only when the file system fails in a way no file can be blamed for.
 */
export async function loadProject(options: LoadOptions): Promise<LoadResult> {
  const fs = options.fs ?? nodeFs();
  const dir = resolve(options.dir);
  const spans = new SpanStore();

  const config = await loadConfig(fs, dir, spans, options);
  if (config === undefined) return { diagnostics: [noProject(options.dir)], spans, brokenKeys: new Set() };
  const files = await loadFolder(fs, dir, 'models', true, spans, loadDefinition, options.onFound);
  const definitions = { ...files, values: files.values.flat() };
  const queries = await readQueryFiles(fs, dir, definitions.values, spans);
  const macros = await readMacros(fs, dir, spans);
  const destinations = await loadFolder(fs, dir, 'destinations', false, spans, (context) =>
    loadDestination(context, options.env, options.detached),
  );

  const excluding = applyExclusions(
    queries.definitions,
    config.value?.exclude ?? [],
    definitions.keys,
    spans,
  );
  const withholding = [
    ...(config.value?.suppress ? [config.value.suppress] : []),
    ...Object.values(config.value?.consent ?? {}),
  ];
  const diagnostics = [
    ...config.diagnostics,
    ...excluding.diagnostics,
    ...definitions.diagnostics,
    ...queries.diagnostics,
    ...macros.diagnostics,
    ...destinations.diagnostics,
    ...duplicateKeys([...definitions.values, ...withholding], 'definition', spans),
    ...withholdingProblems(config.value ?? {}, destinations.values, spans),
    ...duplicateKeys(destinations.values, 'destination', spans),
    ...longKeys(definitions.values, spans),
    ...brokenLinks(definitions.values, destinations.keys, spans),
    ...silentLinks(definitions.values, destinations.values, spans),
    ...entityLinkProblems(definitions.values, destinations.values, spans),
    ...traitLinkProblems(definitions.values, destinations.values, spans),
    ...receiverProblems(definitions.values, destinations.values, spans),
    ...alertProblems(
      config.value ?? {},
      { definitions: definitions.values, keys: definitions.keys, destinations: destinations.keys },
      spans,
    ),
    ...(definitions.files === 0 ? [emptyProject()] : []),
  ].sort(compareDiagnostics);
  const brokenKeys = new Set(definitions.keys);
  for (const { key } of queries.definitions) brokenKeys.delete(key);
  const project = projectOf(
    dir,
    config.value,
    [...excluding.definitions, ...withholding],
    destinations.values,
    macros.macros,
  );
  return { ...(project === undefined ? {} : { project }), diagnostics, spans, brokenKeys };
}

function projectOf(
  dir: string,
  config: ProjectConfig | undefined,
  definitions: readonly Definition[],
  destinations: readonly Destination[],
  macros: readonly MacroFile[],
): Project | undefined {
  return config === undefined
    ? undefined
    : { dir, config, definitions, destinations, ...(macros.length > 0 && { macros }) };
}

async function loadConfig(
  fs: ProjectFs,
  dir: string,
  spans: SpanStore,
  options: LoadOptions,
): Promise<Loaded<ProjectConfig> | undefined> {
  const file = 'rollcall.json';
  const path = join(dir, file);
  try {
    await fs.readFile(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  }
  const [found] = await readTexts(fs, [{ file, path }]);
  if (found === undefined) return undefined;
  if ('error' in found) return { diagnostics: [unreadable(file, found.error)] };
  const { env, target, vars = {}, detached = false } = options;
  const source = new SourceText(file, found.text);
  return loadProjectFile(
    { source, spans },
    { env, vars, detached, ...(target === undefined ? {} : { target }) },
  );
}

interface Folder<T> {
  readonly values: readonly T[];
  readonly diagnostics: readonly Diagnostic[];
  /** Every key claimed, also by a broken file. */
  readonly keys: ReadonlySet<string>;
  readonly files: number;
}

async function loadFolder<T>(
  fs: ProjectFs,
  dir: string,
  folder: string,
  deep: boolean,
  spans: SpanStore,
  load: (context: FileContext) => Loaded<T>,
  onFound?: (files: number) => void,
): Promise<Folder<T>> {
  let files: readonly FoundFile[];
  try {
    files = await findJson(fs, dir, folder, deep);
  } catch (error) {
    return { values: [], diagnostics: [unreadable(folder, reason(error))], keys: new Set(), files: 1 };
  }
  onFound?.(files.length);
  const texts = await readTexts(fs, files);
  const values: T[] = [];
  const diagnostics: Diagnostic[] = [];
  const keys = new Set<string>();
  files.forEach(({ file }, index) => {
    const found = texts[index];
    if (found === undefined) throw new CompilerBug(`${file} was found and not read`);
    const loaded: Loaded<T> =
      'error' in found
        ? { diagnostics: [unreadable(file, found.error)] }
        : load({ source: new SourceText(file, found.text), spans });
    if (loaded.value !== undefined) values.push(loaded.value);
    if (loaded.key !== undefined) keys.add(loaded.key);
    diagnostics.push(...loaded.diagnostics);
  });
  return { values, diagnostics, keys, files: files.length };
}

function noProject(dir: string): Diagnostic {
  return {
    code: 'no-project',
    severity: 'error',
    message: `there is no rollcall.json in ${JSON.stringify(dir)}`,
    hint: 'start a project with "rollcall init", or name its folder with --project',
  };
}

function emptyProject(): Diagnostic {
  return {
    code: 'empty-project',
    severity: 'error',
    message: 'the project holds no definitions',
    hint: 'add an audience or a trait to the folder models/',
  };
}
