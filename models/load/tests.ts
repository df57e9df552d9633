import { join, resolve } from 'node:path';

import { CompilerBug, type Diagnostic } from '../../compiler/diagnostics/index.js';
import { compareDiagnostics, formatPlace } from '../../compiler/diagnostics/print.js';
import { buildTests } from '../build/test.js';
import type { TestContext } from '../build/test-checks.js';
import type { Definition, MacroFile, ProjectConfig, SourceConfig, Spans } from '../definition.js';
import { findJson, nodeFs, readTexts, reason, type FoundFile, type ProjectFs } from '../files.js';
import type { Problem } from '../source/problem.js';
import { spanOf, SpanStore } from '../source/spans.js';
import { SourceText } from '../source/text.js';
import type { TestCase } from '../test-case.js';
import { validateFile } from '../validate/explain.js';
import { inFile, readObject, unreadable, type FileContext } from './result.js';

const FOLDER = 'tests';

export interface LoadTestsOptions {
  /** The project folder, absolute or relative to the working directory. */
  readonly dir: string;
  readonly definitions: readonly Definition[];
  readonly brokenKeys: ReadonlySet<string>;
  readonly sources: readonly SourceConfig[];
  readonly macros?: readonly MacroFile[];
  readonly entities?: ProjectConfig['entities'] | undefined;
  readonly fs?: ProjectFs;
}

export interface LoadTestsResult {
  /** In the order of files and places. Complete only when `diagnostics` holds no error. */
  readonly tests: readonly TestCase[];
  readonly diagnostics: readonly Diagnostic[];
  readonly spans: Spans;
}

/**
 * Reads a project's folder tests/, sub-folders included (SEMANTICS §9), and reports every problem: also keys
 * that no definition has, and messages that no source takes.
 */
export async function loadTests(options: LoadTestsOptions): Promise<LoadTestsResult> {
  const fs = options.fs ?? nodeFs();
  const spans = new SpanStore();
  let files: readonly FoundFile[];
  try {
    files = await findJson(fs, resolve(options.dir), FOLDER, true);
  } catch (error) {
    return { tests: [], diagnostics: [unreadable(FOLDER, reason(error))], spans };
  }
  if (files.length === 0) return { tests: [], diagnostics: [noTests(join(options.dir, FOLDER))], spans };

  const kinds = new Map(options.definitions.map(({ key, kind }) => [key, kind]));
  const { brokenKeys, sources, entities = {} } = options;
  const entityTables = Object.values(entities).map(({ table }) => table);
  const queries = queriesOf(options);
  const texts = await readTexts(fs, files);
  const tests: TestCase[] = [];
  const diagnostics: Diagnostic[] = [];
  files.forEach(({ file }, index) => {
    const found = texts[index];
    if (found === undefined) throw new CompilerBug(`${file} was found and not read`);
    if ('error' in found) return void diagnostics.push(unreadable(file, found.error));
    const context = {
      source: new SourceText(file, found.text),
      spans,
      kinds,
      brokenKeys,
      sources,
      entityTables,
      queries,
    };
    const loaded = loadFile(context);
    tests.push(...loaded.tests);
    diagnostics.push(...loaded.diagnostics);
  });
  diagnostics.push(...sameNames(tests, spans));
  return { tests, diagnostics: diagnostics.sort(compareDiagnostics), spans };
}

function loadFile(context: Omit<TestContext, 'problems'> & FileContext): {
  readonly tests: readonly TestCase[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const { root, problems } = readObject(context.source);
  if (root === undefined) return { tests: [], diagnostics: inFile(problems, context.source) };
  const found: Problem[] = [...problems, ...validateFile('test', root)];
  // A file that is not whole cannot be built from.
  const tests = found.length > 0 ? [] : buildTests({ ...context, problems: found }, root);
  return { tests, diagnostics: inFile(found, context.source) };
}

/** A report names a test by its name: two of one name could not be told apart. */
function sameNames(tests: readonly TestCase[], spans: Spans): Diagnostic[] {
  const first = new Map<string, TestCase>();
  return tests.flatMap((test): Diagnostic[] => {
    const other = first.get(test.name);
    if (other === undefined) {
      first.set(test.name, test);
      return [];
    }
    const place = spans.of(other);
    const message = `another test is called ${JSON.stringify(test.name)}${place ? `, in ${formatPlace(place)}` : ''}`;
    return [
      {
        code: 'duplicate-key',
        severity: 'error',
        message,
        hint: 'choose another name',
        ...spanOf(spans, test),
      },
    ];
  });
}

function noTests(folder: string): Diagnostic {
  return {
    code: 'no-tests',
    severity: 'error',
    message: `there is no test in ${JSON.stringify(folder)}`,
    hint: 'write tests/NAME.json: messages that land, and who must then be in; docs/commands.md shows one',
  };
}

/** The texts in which columns and tables may be named that no definition and no source has. */
function queriesOf({ definitions, macros = [] }: LoadTestsOptions): readonly string[] {
  const own = definitions.flatMap((definition) =>
    definition.kind === 'trait' && definition.value.kind === 'sql' ? [definition.value.sql] : [],
  );
  return own.length === 0 ? [] : [...own, ...macros.map(({ text }) => text)];
}
