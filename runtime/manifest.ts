/** `target/manifest.json`: what a project consists of, for tools that are not us. Schema: schemas/manifest.v1.json. */
import type { ResolvedDefinition, ResolvedProject } from '../compiler/index.js';
import type { Definition, Project } from '../models/definition.js';
import { compiledPath } from './sql-files.js';
import { version } from './version.js';

const ARTIFACT_SCHEMA_VERSION = 1;

export interface ArtifactMetadata {
  readonly schema_version: number;
  readonly rollcall_version: string;
  readonly generated_at: string;
  readonly project: string;
  readonly target: string;
}

/** What every artifact begins with. */
export const artifactMetadata = (project: Project, generatedAt: string): ArtifactMetadata => ({
  schema_version: ARTIFACT_SCHEMA_VERSION,
  rollcall_version: version,
  generated_at: generatedAt,
  project: project.config.name,
  target: project.config.target,
});

export interface ManifestDefinition {
  readonly key: string;
  readonly kind: Definition['kind'];
  readonly name: string;
  readonly description: string | null;
  readonly of: Definition['of'];
  readonly file: string;
  readonly fingerprint: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  /** Direct neighbours in the graph of definitions. */
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  /** Sources that may hold its events or traits. */
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly compiled: string;
}

export interface Manifest {
  readonly metadata: ArtifactMetadata;
  readonly as_of: string;
  /** Type and schema only: settings may hold secrets. */
  readonly targets: Readonly<Record<string, { readonly type: string; readonly schema: string }>>;
  readonly sources: readonly {
    readonly name: string;
    readonly layout: string;
    readonly schema: string | null;
    readonly table: string | null;
  }[];
  readonly destinations: readonly {
    readonly key: string;
    readonly name: string;
    readonly type: string;
    readonly enabled: boolean;
    readonly file: string;
  }[];
  /** Each after those it refers to. */
  readonly definitions: readonly ManifestDefinition[];
}

/** Describes a resolved project. */
export function manifestOf(resolved: ResolvedProject, asOf: string, generatedAt: string): Manifest {
  const { project } = resolved;
  const downstream = new Map<string, string[]>();
  for (const { definition, upstream } of resolved.definitions) {
    for (const key of upstream) downstream.set(key, [...(downstream.get(key) ?? []), definition.key]);
  }
  return {
    metadata: artifactMetadata(project, generatedAt),
    as_of: asOf,
    targets: Object.fromEntries(
      Object.entries(project.config.targets).map(([name, { type, schema }]) => [name, { type, schema }]),
    ),
    sources: project.config.sources.map(({ name, layout, schema, table }) => ({
      name,
      layout,
      schema: schema ?? null,
      table: table ?? null,
    })),
    destinations: project.destinations.map(({ key, name, type, enabled, file }) => ({
      key,
      name,
      type,
      enabled,
      file,
    })),
    definitions: resolved.definitions.map((d) =>
      described(d, resolved, downstream.get(d.definition.key) ?? []),
    ),
  };
}

function described(
  { definition, fingerprint, upstream, needs }: ResolvedDefinition,
  resolved: ResolvedProject,
  downstream: readonly string[],
): ManifestDefinition {
  const sources = resolved.sources.filter(
    (source) =>
      needs.events.some(({ event }) => source.hasEvent(event)) ||
      needs.traits.some(({ path }) => source.hasTrait(path, 'users')) ||
      (needs.accounts?.some(({ path }) => source.hasTrait(path, 'accounts')) ?? false),
  );
  return {
    key: definition.key,
    kind: definition.kind,
    name: definition.name,
    description: definition.description ?? null,
    of: definition.of,
    file: definition.file,
    fingerprint,
    tags: definition.tags,
    enabled: definition.enabled,
    upstream: [...upstream].sort(),
    downstream: [...downstream].sort(),
    sources: sources.map((source) => source.name),
    destinations: definition.destinations.map((link) => link.to),
    compiled: compiledPath(definition),
  };
}
