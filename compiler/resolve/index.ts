/** Resolve: every name of a project made to mean something, or reported (ARCHITECTURE, "The way of a definition"). */
import { ownerOf, type Definition, type Project } from '../../models/definition.js';
import { bindEntities } from '../bind/entity.js';
import { bindSource, type BoundSource } from '../bind/index.js';
import { CompilerBug, hasErrors, type Diagnostic, type SourceSpan } from '../diagnostics/index.js';
import type { ResolveTrait } from '../lower/index.js';
import { fingerprint } from '../plan/fingerprint.js';
import { alongOf, checkAlong, needsAddresses, needsAlong } from './along.js';
import type { Checked } from './check.js';
import { checkAll } from './check-all.js';
import { checkNames } from './check-names.js';
import { bindQueries, withOutputs } from '../sql/index.js';
import { Names } from './names.js';
import { needsOf, unionNeeds, type Meanings } from './needs.js';
import type { Found, ResolvedDefinition, ResolvedProject, ResolveInput } from './types.js';

export { checkNames } from './check-names.js';
export type { Found, Meaning, ResolvedDefinition, ResolvedProject, ResolveInput } from './types.js';

/**
 * Checks every definition against the project and the catalog and orders them. Every problem is reported, not
 * the first; `resolved` is absent when one is an error.
 */
export function resolveProject(input: ResolveInput): {
  readonly resolved?: ResolvedProject;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { spans } = input;
  const { sources, diagnostics } = bindSources(input);
  const { entities, problems } = bindEntities(input.project.config.entities ?? {}, input.catalog);
  diagnostics.push(...problems.map(({ at, ...problem }) => located(problem, spans.of(at))));
  const unusable = hasErrors(diagnostics);
  const queries = bindQueries(input.project, input.catalog, spans);
  diagnostics.push(...queries.diagnostics);
  if (unusable) return { diagnostics: [...diagnostics, ...checkNames(input.project, spans)] };
  const { project, diagnostics: taken } = withOutputs(input.project, queries.bound, spans);
  diagnostics.push(...taken);

  const names = new Names(project.definitions, sources, queries);
  const {
    checked,
    order,
    diagnostics: wrong,
  } = checkAll(project.definitions, names, sources, entities, spans);
  diagnostics.push(...wrong, ...checkAlong(project, names, spans));
  if (hasErrors(diagnostics)) return { diagnostics };

  const resolveTrait = traitResolver(names);
  const definition = (key: string): Definition => {
    const found = names.reference(key);
    if (!found) throw new CompilerBug(`reference ${key} passed resolve`);
    return found;
  };
  const meanings: Meanings = { queries: queries.bound, definition, resolveTrait, entities };
  const definitions = order.map((key) =>
    resolvedDefinition(known(names, key), checked.get(key), meanings, project, names, input.found),
  );
  const needs = once(
    input.found?.needs ??
      (() =>
        unionNeeds([...definitions.flatMap((d) => [d.needs, needsAlong(d.along)]), needsAddresses(project)])),
  );
  return {
    resolved: {
      project,
      sources,
      entities,
      queries: queries.bound,
      definition,
      definitions,
      byKey: new Map(definitions.map((d) => [d.definition.key, d])),
      resolveTrait,
      get needs() {
        return needs();
      },
    },
    diagnostics,
  };
}

const located = (problem: Diagnostic, span: SourceSpan | undefined): Diagnostic =>
  span && !problem.span ? { ...problem, span } : problem;

function bindSources({ project, spans, catalog }: ResolveInput): {
  readonly sources: readonly BoundSource[];
  readonly diagnostics: Diagnostic[];
} {
  const sources: BoundSource[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const config of project.config.sources) {
    const result = bindSource(config, catalog);
    const span = spans.of(config);
    diagnostics.push(...result.diagnostics.map((d) => located(d, span)));
    if (result.bound) sources.push(result.bound);
  }
  return { sources, diagnostics };
}

function resolvedDefinition(
  definition: Definition,
  checked: Checked | undefined,
  meanings: Meanings,
  project: Project,
  names: Names,
  found: Found | undefined,
): ResolvedDefinition {
  const query = meanings.queries.get(ownerOf(definition).key);
  const { key } = definition;
  const print = once(
    () =>
      found?.meaning?.(key)?.fingerprint ?? fingerprint(definition, project.config.entities, query?.query),
  );
  const needs = once(() => found?.meaning?.(key)?.needs ?? needsOf(definition, meanings));
  return {
    definition,
    upstream: checked?.upstream ?? new Set(),
    along: alongOf(definition, project, names),
    outputs: query && !definition.output ? query.outputs.map(({ key }) => key) : [definition.key],
    get fingerprint() {
      return print();
    },
    get needs() {
      return needs();
    },
  };
}

/** Makes something when it is asked for first. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const traitResolver =
  (names: Names): ResolveTrait =>
  (path, of) => {
    const target = names.trait(path, of);
    if (!target) throw new CompilerBug(`trait ${path} passed resolve`);
    return target;
  };

function known(names: Names, key: string): Definition {
  const definition = names.definition(key);
  if (!definition) throw new CompilerBug(`no definition ${key}`);
  return definition;
}
