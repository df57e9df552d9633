/** What needs the warehouse only to look: compile, validate, ls, state:modified. */
import { checkNames, readQueries } from '../compiler/index.js';
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import type {
  CheckFiles,
  CheckResult,
  CompileOptions,
  CompileResult,
  ListResult,
  RuntimeOptions,
  SelectionOptions,
} from './api.js';
import { runArtifacts, writeArtifacts, writeCompiled } from './artifacts.js';
import { attributed } from './failures.js';
import { readAsOf } from './instants.js';
import { shareMeanings } from './meanings.js';
import { modifiedSince } from './modified.js';
import {
  look,
  programOf,
  resolveSession,
  selectKeys,
  tryResolve,
  withWithholding,
  type Prepared,
} from './prepare.js';
import { renderProgram } from './rendering.js';
import { watermarksOf, type Script } from './script.js';
import { SecondThread, type Meanings } from './second-thread.js';
import { standaloneSelects } from './selects.js';
import { openSession, targetOf, withSession, type Session } from './session.js';
import { standaloneFile, standaloneSql } from './sql-files.js';

const READ = { mode: 'read' } as const;

/**
 * Writes SQL and manifest (see `CompileProject`). All of it is made before any of it is written.
 *
 * @param second begun while the project was being read; absent: begun here, if there are many definitions. It is closed here.
 */
export async function compileProject(
  options: CompileOptions,
  second: SecondThread | undefined = options.dialectFor
    ? undefined
    : SecondThread.for(options.project.definitions.length),
): Promise<CompileResult> {
  const { project } = options;
  try {
    const asOf = readAsOf(options.asOf, options.now());
    second?.tell({ project, engine: targetOf(project).type });
    return await withSession(options, READ, (session) => compiled(session, options, asOf, second));
  } finally {
    await second?.close();
  }
}

async function compiled(
  session: Session,
  options: CompileOptions,
  asOf: string,
  second: SecondThread | undefined,
): Promise<CompileResult> {
  const { dialect, spans } = session;
  const seen = await look(session);
  second?.tell({ catalog: seen.catalog, existing: seen.stored.existing });
  let meanings: Meanings = new Map();
  const project = await resolveSession(session, seen, { meaning: (key) => meanings.get(key) });
  if (second) meanings = await shareMeanings(project.resolved, second);
  const selection = withWithholding(project, await selectKeys(project, options));
  const { resolved, stored } = project;
  const definitions = selection.keys.flatMap((key) => resolved.byKey.get(key)?.definition ?? []);
  const keys = definitions.map(({ key }) => key);
  second?.tell({ keys, asOf, needs: resolved.needs });
  const prepared = programOf(project, selection, { ...options, asOf }, dialect);
  const run = runArtifacts(resolved, scriptOf(prepared, session, asOf), asOf, options.now());
  const selects = await standaloneSelects({ resolved, dialect, stored, asOf, keys }, spans, second);
  const made = definitions.flatMap((definition, place) => {
    const select = selects[place];
    return select ? [{ definition, select, file: standaloneFile(definition, select) }] : [];
  });
  await writeCompiled(
    resolved,
    made.map(({ file }) => file),
    second,
  );
  await writeArtifacts(resolved, run);
  return {
    as_of: asOf,
    definitions: made.map(({ definition: { key, kind, file }, select: { sql }, file: { path } }) => ({
      key,
      kind,
      file,
      compiled: path,
      sql,
    })),
    run: run.sql.map(({ path }) => path),
    diagnostics: prepared.diagnostics,
  };
}

/** The script a run at `as_of` would have, but for its id: the same input gives the same files. */
export function scriptOf({ stored, numbering, program }: Prepared, session: Session, asOf: string): Script {
  const bindings = {
    asOf,
    runId: 'compiled',
    runNo: (stored.runs.last?.runNo ?? 0) + 1,
    startedAt: asOf,
    definitions: numbering.bindings,
    watermarks: watermarksOf(stored),
  };
  return renderProgram(program, session, bindings, stored.existing);
}

/** Checks what needs no warehouse (see `CheckFiles`). */
export const checkFiles: CheckFiles = ({ project, spans }) => [
  ...readQueries(project, spans).diagnostics,
  ...checkNames(project, spans),
];

/** Checks what loading could not (see `CheckProject`). */
export async function checkProject(options: RuntimeOptions): Promise<CheckResult> {
  let session: Session;
  try {
    session = await openSession(options, READ);
  } catch (error) {
    if (!(error instanceof UserError) || error.exit === 2) throw error;
    return { diagnostics: [...checkFiles(options), unchecked(error)], checked: false };
  }
  try {
    const { resolved, diagnostics, stored } = await tryResolve(session);
    if (!resolved) return { diagnostics, checked: true };
    return { diagnostics: [...diagnostics, ...engineProblems(session, resolved, stored)], checked: true };
  } finally {
    await session.close();
  }
}

/** What the engine cannot do shows when its SQL is made; one that can do everything need not be asked. */
function engineProblems(
  session: Session,
  resolved: Prepared['resolved'],
  stored: Prepared['stored'],
): readonly Diagnostic[] {
  const { functions, aggregates } = session.dialect;
  const can = [...Object.values(functions), ...Object.values(aggregates)];
  if (can.every((emit) => typeof emit === 'function')) return [];
  return resolved.definitions.flatMap(({ definition }) => {
    try {
      standaloneSql(resolved, definition.key, session.dialect, stored, session.now());
      return [];
    } catch (error) {
      return attributed(error, definition, session.spans);
    }
  });
}

function unchecked(error: UserError): Diagnostic {
  const [first] = error.diagnostics;
  return {
    code: 'unchecked',
    severity: 'warning',
    message: `tables, columns and custom traits were not checked: ${first?.message ?? error.message}`,
    ...(first?.hint !== undefined && { hint: first.hint }),
  };
}

/** What a selector selects (see `ListDefinitions`). */
export async function listDefinitions(options: RuntimeOptions & SelectionOptions): Promise<ListResult> {
  return withSession(options, READ, async (session) => {
    const { resolved, stored, diagnostics } = await resolveSession(session);
    const selection = await selectKeys({ resolved, stored }, options);
    const definitions = selection.keys.flatMap((key) => {
      const found = resolved.byKey.get(key);
      if (!found) return [];
      const { kind, name, of, file, tags, enabled, destinations } = found.definition;
      return [
        {
          key,
          kind,
          name,
          of,
          file,
          tags,
          enabled,
          fingerprint: found.fingerprint,
          upstream: [...found.upstream].sort(),
          destinations: destinations.map((link) => link.to),
        },
      ];
    });
    return { definitions, diagnostics: [...diagnostics, ...selection.diagnostics] };
  });
}

/** Keys for `state:modified` (see `ModifiedKeys`). */
export async function modifiedKeys(
  options: RuntimeOptions & Pick<SelectionOptions, 'state'>,
): Promise<ReadonlySet<string>> {
  return withSession(options, READ, async (session) => {
    const { resolved, stored } = await resolveSession(session);
    return modifiedSince(resolved, stored, options.state);
  });
}
