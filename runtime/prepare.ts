/** From an open session to a program: introspect, resolve, select, compile. Reads only; throws what the user must mend. */
import type { Catalog } from '../compiler/bind/types.js';
import { compileRun, resolveProject, select, type Found, type ResolvedProject } from '../compiler/index.js';
import { CompilerBug, hasErrors, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { orList } from '../compiler/diagnostics/suggest.js';
import type { Read } from '../compiler/incremental/index.js';
import type { RunProgram } from '../compiler/program/plan.js';
import type { Dialect } from '../dialects/dialect.js';
import { nounOf, ownerOf, type Project, type Spans } from '../models/definition.js';
import { spanOf } from '../models/source/spans.js';
import { upstreamOf } from '../models/upstream.js';
import { withholdingKeys } from '../models/withholding.js';
import type { RunOptions, SelectionOptions } from './api.js';
import { introspect } from './catalog.js';
import { readState, type StoredState } from './existing.js';
import { unconnected } from './unconnected.js';
import { unknownKey } from './keys.js';
import { modifiedSince } from './modified.js';
import { numberDefinitions, type Numbering } from './numbering.js';
import type { Session } from './session.js';

export interface ResolvedSession {
  readonly stored: StoredState;
  readonly resolved: ResolvedProject;
  /** Warnings only. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Resolution {
  readonly stored: StoredState;
  readonly resolved: ResolvedProject | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the warehouse says before anything is resolved. */
export interface Seen {
  readonly stored: StoredState;
  readonly catalog: Catalog;
}

/** Reads state and catalog. */
export async function look(session: Session): Promise<Seen> {
  const stored = await readState(session);
  return { stored, catalog: await introspect(session, stored) };
}

/** Reads state and catalog and resolves; errors are in the diagnostics. */
export const tryResolve = async (session: Session): Promise<Resolution> =>
  resolveSeen(session, await look(session));

function resolveSeen({ project, spans }: Session, { stored, catalog }: Seen, found?: Found): Resolution {
  const { resolved, diagnostics } = resolveProject({ project, spans, catalog, ...(found && { found }) });
  return {
    stored,
    resolved,
    diagnostics: [...diagnostics, ...retiredKeys(resolved?.project ?? project, spans, stored)],
  };
}

/** Like `tryResolve`, but errors are thrown. */
export async function resolveSession(session: Session, seen?: Seen, found?: Found): Promise<ResolvedSession> {
  const { stored, resolved, diagnostics } = resolveSeen(session, seen ?? (await look(session)), found);
  throwErrors(diagnostics);
  if (!resolved) throw new CompilerBug('a project without errors was not resolved');
  return { stored, resolved, diagnostics };
}

/**
 * A key that belonged to a removed definition stays reserved (SEMANTICS §5), and one that was published stays
 * what it is: readers, and destinations, know it as the one or the other.
 */
function retiredKeys(project: Project, spans: Spans, stored: StoredState): Diagnostic[] {
  return project.definitions.flatMap((definition): Diagnostic[] => {
    const { key, kind } = definition;
    const before = stored.definitions.get(key);
    const refused = isRemoved(stored, key)
      ? {
          message: `the key ${JSON.stringify(key)} belonged to a definition that was removed`,
          hint: `use another key, or free this one: rollcall retire ${key} --release`,
        }
      : before?.firstRunAt != null && before.kind !== kind
        ? {
            message: `the key ${JSON.stringify(key)} belongs to ${nounOf(before.kind)}, and cannot be ${nounOf(kind)} now`,
            hint: `use another key; or remove the definition, run, and free the key: rollcall retire ${key} --release`,
          }
        : undefined;
    if (!refused) return [];
    return [
      {
        code: 'retired-key',
        severity: 'error',
        ...refused,
        definition: key,
        ...spanOf(spans, ownerOf(definition)),
      },
    ];
  });
}

/** What was removed once is not removed again: it was told so, and when. */
const isRemoved = (stored: StoredState, key: string): boolean =>
  stored.definitions.get(key)?.status === 'removed';

export function throwErrors(diagnostics: readonly Diagnostic[]): void {
  if (hasErrors(diagnostics)) throw new UserError(diagnostics);
}

/**
 * The key that what a key names is published under: its own, or that of its only output. Throws for a key that
 * is nothing's, and for one of several outputs.
 */
export function publishedKey(resolved: ResolvedProject, key: string): string {
  const found = resolved.byKey.get(key);
  if (!found) throw unknownKey(key, [...resolved.byKey.keys()]);
  const [only] = found.outputs;
  if (found.outputs.includes(key) || only === undefined) return key;
  if (found.outputs.length === 1) return only;
  throw new UserError({
    code: 'unknown-reference',
    severity: 'error',
    message: `${key} computes ${found.outputs.length} traits`,
    hint: `name one of them: ${orList(found.outputs)}`,
    definition: key,
  });
}

export interface Selection {
  /** In dependency order, disabled ones included. */
  readonly keys: readonly string[];
  /** No selector was given. */
  readonly all: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * A selection with the audiences that decide whom nobody is told of, and what these read: a run of a few definitions must not go
 * by who consented yesterday.
 */
export function withWithholding({ resolved }: ResolvedSession, selection: Selection): Selection {
  const keys = withholdingKeys(resolved.project.config);
  if (selection.all || keys.length === 0) return selection;
  const also = upstreamOf(keys, (key) => resolved.byKey.get(key)?.upstream ?? []);
  const selected = new Set(selection.keys);
  const ordered = resolved.definitions.map(({ definition }) => definition.key);
  return { ...selection, keys: ordered.filter((key) => selected.has(key) || also.has(key)) };
}

/** What an option names: everything, or some definitions. `--full-refresh` of everything makes facts anew, too. */
export type Named = 'everything' | ReadonlySet<string>;

/** Applies `--select`. */
export async function selectKeys(
  { resolved, stored }: Pick<ResolvedSession, 'resolved' | 'stored'>,
  options: SelectionOptions,
): Promise<Selection> {
  const ordered = resolved.definitions.map((d) => d.definition.key);
  const selectors = options.select ?? [];
  if (selectors.length === 0) return { keys: ordered, all: true, diagnostics: [] };
  const modified = await modifiedSince(resolved, stored, options.state);
  const { keys, diagnostics } = select({ definitions: resolved.definitions, selectors, modified });
  throwErrors(diagnostics);
  return { keys: ordered.filter((key) => keys.has(key)), all: false, diagnostics };
}

/** Applies an option with selectors to what is selected; a name that nothing selected has is an error. */
async function namedBy(
  option: '--full-refresh' | '--accept',
  selectors: readonly string[] | undefined,
  { resolved, stored }: ResolvedSession,
  { keys }: Selection,
  { state }: PrepareOptions,
): Promise<Named> {
  if (!selectors) return new Set();
  if (selectors.length === 0) return 'everything';
  const modified = await modifiedSince(resolved, stored, state);
  const named = select({ definitions: resolved.definitions, selectors, modified });
  throwErrors(named.diagnostics);
  const found = keys.filter((key) => named.keys.has(key));
  if (found.length > 0 || named.keys.size === 0) return new Set(found);
  throw new UserError({
    code: 'unknown-selector',
    severity: 'error',
    message: `${option} ${selectors.join(' ')} names nothing that is selected`,
    hint: 'it is about what --select selects; leave one of the two out',
  });
}

export interface PrepareOptions
  extends SelectionOptions, Pick<RunOptions, 'reconcile' | 'fullRefresh' | 'accept' | 'resend'> {
  readonly asOf?: string;
  /** Sources landed just before: none is looked at for what is new. */
  readonly landed?: boolean;
  /** Queue no messages: the next run that does brings destinations to what is true by then. */
  readonly silent?: boolean;
}

export interface Prepared extends ResolvedSession {
  readonly selection: Selection;
  readonly numbering: Numbering;
  readonly program: RunProgram;
  /** Enabled definitions that are not computed, as they go nowhere (see `unconnected`). */
  readonly idle: ReadonlySet<string>;
  /** What guards let pass. */
  readonly accepted: Named;
  /** What a definition of the program reads. */
  readonly reads: (key: string) => readonly Read[];
}

/** Everything up to the program of a run. */
export async function prepareRun(session: Session, options: PrepareOptions): Promise<Prepared> {
  const project = await resolveSession(session);
  const selection = withWithholding(project, await selectKeys(project, options));
  const refresh = await namedBy('--full-refresh', options.fullRefresh, project, selection, options);
  const accepted = await namedBy('--accept', options.accept, project, selection, options);
  return programOf(project, selection, { ...options, refresh, accepted }, session.dialect);
}

/** The program of a run of what is selected. */
export function programOf(
  { stored, resolved, diagnostics }: ResolvedSession,
  selection: Selection,
  options: Pick<PrepareOptions, 'reconcile' | 'asOf' | 'landed' | 'silent' | 'resend'> & {
    readonly refresh?: Named;
    readonly accepted?: Named;
  },
  { capabilities }: Pick<Dialect, 'capabilities'>,
): Prepared {
  const idle = unconnected(resolved);
  const enabled = selection.keys.filter(
    (key) => resolved.byKey.get(key)?.definition.enabled && !idle.has(key),
  );
  const numbering = numberDefinitions(stored, selection.keys);
  const compiled = compileRun({
    resolved,
    existing: stored.existing,
    selection: new Set(enabled),
    numbers: new Map([...numbering.bindings].map(([key, { definitionNo }]) => [key, definitionNo])),
    all: selection.all,
    capabilities,
    ...(options.asOf !== undefined && { asOf: options.asOf }),
    ...(options.reconcile !== undefined && { reconcile: options.reconcile }),
    ...(options.refresh !== undefined && { refresh: options.refresh }),
    ...(options.resend !== undefined && { resend: options.resend }),
    ...(options.landed !== undefined && { landed: options.landed }),
    ...(options.silent !== undefined && { silent: options.silent }),
  });
  throwErrors(compiled.diagnostics);
  const { program } = compiled;
  if (!program) throw new CompilerBug('a project without errors was not compiled');
  return {
    stored,
    resolved,
    selection,
    numbering,
    program: {
      ...program,
      removed: program.removed.filter(({ key }) => !isRemoved(stored, key)),
    },
    idle,
    accepted: options.accepted ?? new Set(),
    reads: compiled.reads ?? (() => []),
    diagnostics: [...diagnostics, ...selection.diagnostics, ...compiled.diagnostics],
  };
}

/** Whether every definition was published before with the meaning it has. */
export const ranBefore = ({ program, resolved, stored }: Prepared): boolean =>
  program.definitions.every(({ definition: { key } }) => {
    const row = stored.definitions.get(key);
    return row?.firstRunAt != null && row.fingerprint === resolved.byKey.get(key)?.fingerprint;
  });
