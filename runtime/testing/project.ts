/** The project of a test: its definitions and what they read, on a warehouse made for it. */
import { readQueries, resolveProject } from '../../compiler/index.js';
import { imaginedTables } from '../../compiler/bind/entity.js';
import { pathSteps } from '../../compiler/bind/paths.js';
import type { Catalog, Needs } from '../../compiler/bind/types.js';
import { hasErrors, type Diagnostic } from '../../compiler/diagnostics/index.js';
import { reachable } from '../../compiler/plan/graph.js';
import type { Project, SourceConfig, Spans } from '../../models/definition.js';
import { referencesOf as namesReferredTo } from '../../models/index.js';
import { entitiesRead, propertiesOf } from './entities.js';
import { MESSAGE_COLUMNS } from './layouts.js';

/** The embedded engine, in memory. A test's few rows are not worth a second thread. */
export const SCRATCH_ENGINE = 'duckdb';
const TARGET = { type: SCRATCH_ENGINE, path: ':memory:', schema: 'rollcall', threads: 1 };

/** Which definitions each reads; names no definition has are custom traits. */
export interface References {
  readonly upstream: ReadonlyMap<string, ReadonlySet<string>>;
  readonly traits: ReadonlyMap<string, ReadonlySet<string>>;
  /** The definitions a key may be of: its own, or those whose query says it. */
  readonly owners: (key: string) => readonly string[];
}

/**
 * What the definitions of a project refer to, found without any warehouse. A name that no definition has may be a
 * column of a query: it is, as far as can be told without one, of every query that says it.
 */
export function referencesOf(project: Project, spans: Spans): References {
  const keys = new Set(project.definitions.map(({ key }) => key));
  const queries = [...readQueries(project, spans).queries];
  const owners = (name: string): readonly string[] =>
    keys.has(name) ? [name] : queries.flatMap(([key, { mentions }]) => (mentions.has(name) ? [key] : []));
  const upstream = new Map<string, ReadonlySet<string>>();
  const traits = new Map<string, ReadonlySet<string>>();
  for (const definition of project.definitions) {
    const names = namesReferredTo(definition);
    const refs = queries
      .filter(([key]) => key === definition.key)
      .flatMap(([, { parts }]) => parts.flatMap((part) => (part.kind === 'ref' ? [part.key] : [])));
    upstream.set(definition.key, new Set([...names, ...refs].flatMap(owners)));
    traits.set(definition.key, new Set(names.filter((name) => !keys.has(name))));
  }
  return { upstream, traits, owners };
}

export interface ScratchProject {
  readonly project: Project;
  readonly spans: Spans;
  /** What its definitions need of the sources; absent when something is wrong with them. */
  readonly needs?: Needs;
  readonly diagnostics: readonly Diagnostic[];
}

/** The part of a project that computes `keys`. Everything is enabled, and nothing goes anywhere. */
export function scratchProject(
  { project, spans }: { readonly project: Project; readonly spans: Spans },
  references: References,
  keys: readonly string[],
): ScratchProject {
  const wanted = reachable(references.upstream, keys.flatMap(references.owners));
  const originals = new Map<object, object>();
  const copy = <T extends object>(original: T, over: Partial<T>): T => {
    const made = { ...original, ...over };
    originals.set(made, original);
    return made;
  };
  const definitions = project.definitions
    .filter(({ key }) => wanted.has(key))
    .map((definition) => copy(definition, { enabled: true, destinations: [] }));
  const custom = [...wanted].flatMap((key) => [...(references.traits.get(key) ?? [])]);
  const traits = [...new Set(custom.map((path) => pathSteps(path)[0] ?? path))];
  const sources = project.config.sources.map((source) =>
    copy(source, {
      traits: [...new Set([...source.traits, ...traits])],
      ...(source.table === undefined ? {} : { table: withoutCatalog(source.table) }),
    }),
  );
  const entities = entitiesRead(project.config.entities ?? {}, definitions, (entity) =>
    copy(entity, { table: withoutCatalog(entity.table) }),
  );
  const config = { ...project.config, target: 'test', targets: { test: TARGET }, sources, entities };
  const scratch: Project = { ...project, config, definitions, destinations: [] };
  const within: Spans['within'] = (node, start, end) =>
    spans.within?.(originals.get(node) ?? node, start, end);
  const spansOf: Spans = { of: (node) => spans.of(originals.get(node) ?? node), within };
  const { needs, diagnostics } = needsOf(scratch, spansOf, traits);
  return { project: scratch, spans: spansOf, diagnostics, ...(needs && { needs }) };
}

/** A scratch warehouse has one catalog: `prod.raw.messages` is `raw.messages` there. */
function withoutCatalog(table: string): string {
  const parts = table.match(/"(?:[^"]|"")*"|`[^`]*`|[^.]+/g) ?? [];
  return parts.slice(-2).join('.');
}

/** Resolves against a source that has everything, which tells what is wanted before any table exists. */
function needsOf(
  project: Project,
  spans: Spans,
  traits: readonly string[],
): { readonly needs?: Needs; readonly diagnostics: readonly Diagnostic[] } {
  const [first] = project.config.sources;
  if (first === undefined) return { diagnostics: [] };
  const { schema: _, event: __, ...rest } = first;
  const everything: SourceConfig = { ...rest, layout: 'messages', table: 'messages', columns: {}, traits };
  const columns = MESSAGE_COLUMNS.map((name) => ({ name, nativeType: 'text', kind: 'text' as const }));
  const entities = imaginedTables(project.config.entities ?? {}, propertiesOf(project.definitions));
  const tables = [{ table: { name: 'messages' }, columns }, ...entities];
  const catalog: Catalog = { tables, traitNames: new Map() };
  // What a query has is known once the tables of the test are there; its own mistakes are told now.
  const wrong = readQueries(project, spans).diagnostics;
  if (hasErrors(wrong)) return { diagnostics: wrong };
  const definitions = project.definitions.filter((d) => d.kind !== 'trait' || d.value.kind !== 'sql');
  const imagined = { ...project, definitions, config: { ...project.config, sources: [everything] } };
  const { resolved, diagnostics } = resolveProject({ project: imagined, spans, catalog });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (resolved === undefined || hasErrors(diagnostics)) return { diagnostics: errors };
  return { needs: resolved.needs, diagnostics: [] };
}
