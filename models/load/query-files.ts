import { join, posix } from 'node:path';

import { CompilerBug, type Diagnostic } from '../../compiler/diagnostics/index.js';
import type { SqlValue } from '../algebra.js';
import type { Definition, MacroFile, TraitDefinition } from '../definition.js';
import { findFiles, readTexts, reason, type ProjectFs } from '../files.js';
import { spanOf, type SpanStore } from '../source/spans.js';
import { SourceText } from '../source/text.js';
import { unreadable } from './result.js';

export interface WithQueries {
  readonly definitions: readonly Definition[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Definitions with the texts of the queries that stand in files of their own. A path is relative to the folder
 * of the definition's file, and stays inside the project.
 */
export async function readQueryFiles(
  fs: ProjectFs,
  dir: string,
  definitions: readonly Definition[],
  spans: SpanStore,
): Promise<WithQueries> {
  const diagnostics: Diagnostic[] = [];
  const read: Definition[] = [];
  for (const definition of definitions) {
    const value = definition.kind === 'trait' ? definition.value : undefined;
    if (definition.kind !== 'trait' || value?.kind !== 'sql' || value.file === undefined) {
      read.push(definition);
      continue;
    }
    const made = await withText(fs, dir, definition, { ...value, file: value.file }, value, spans);
    if ('code' in made) diagnostics.push(made);
    else read.push(made);
  }
  return { definitions: read, diagnostics };
}

async function withText(
  fs: ProjectFs,
  dir: string,
  definition: TraitDefinition,
  { file: written }: SqlValue & { readonly file: string },
  node: SqlValue,
  spans: SpanStore,
): Promise<Definition | Diagnostic> {
  const problem = (message: string, hint: string): Diagnostic => ({
    code: 'unreadable-file',
    severity: 'error',
    message,
    hint,
    definition: definition.key,
    ...spanOf(spans, node),
  });
  const file = posix.normalize(posix.join(posix.dirname(definition.file), written));
  const inside = 'a path is relative to the folder of the definition, and stays in the project';
  if (posix.isAbsolute(written) || file.startsWith('../') || /^[A-Za-z]:|\\/.test(written))
    return problem(`${JSON.stringify(written)} is not a file of the project`, inside);
  const [found] = await readTexts(fs, [{ file, path: join(dir, file) }]);
  if (found === undefined) throw new CompilerBug(`${file} was not read`);
  if ('error' in found) return problem(`the query cannot be read from ${file}: ${found.error}`, inside);
  const value: SqlValue = spans.like({ kind: 'sql', sql: found.text, file }, node);
  spans.markText(value, new SourceText(file, found.text));
  return spans.like({ ...definition, value }, definition);
}

export interface LoadedMacros {
  readonly macros: readonly MacroFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What a macro may be called: what can be written between braces. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The files of `macros/`, each a macro of its name. */
export async function readMacros(fs: ProjectFs, dir: string, spans: SpanStore): Promise<LoadedMacros> {
  let files;
  try {
    files = await findFiles(fs, dir, 'macros', false, '.hbs');
  } catch (error) {
    return { macros: [], diagnostics: [unreadable('macros', reason(error))] };
  }
  const texts = await readTexts(fs, files);
  const macros: MacroFile[] = [];
  const diagnostics: Diagnostic[] = [];
  files.forEach(({ file }, index) => {
    const found = texts[index];
    if (found === undefined) throw new CompilerBug(`${file} was found and not read`);
    const name = posix.basename(file, '.hbs');
    if ('error' in found) diagnostics.push(unreadable(file, found.error));
    else if (!NAME.test(name)) diagnostics.push(badName(file, name));
    else {
      const macro = Object.freeze({ name, file, text: found.text });
      spans.markText(macro, new SourceText(file, found.text));
      macros.push(macro);
    }
  });
  return { macros, diagnostics };
}

function badName(file: string, name: string): Diagnostic {
  const start = { line: 1, column: 1 };
  return {
    code: 'invalid-value',
    severity: 'error',
    message: `${JSON.stringify(name)} is no name for a macro`,
    hint: 'a macro is called by the name of its file: letters, digits and underscores',
    span: { file, start, end: start },
  };
}
