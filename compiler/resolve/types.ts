import type { Definition, Project, Spans } from '../../models/definition.js';
import type { BoundSource } from '../bind/index.js';
import type { Entities } from '../bind/entity.js';
import type { BoundQuery } from '../sql/index.js';
import type { Catalog, Needs } from '../bind/types.js';
import type { AlongLinks } from './along.js';
import type { ResolveTrait } from '../lower/index.js';

export interface ResolveInput {
  readonly project: Project;
  readonly spans: Spans;
  readonly catalog: Catalog;
  readonly found?: Found;
}

/** What another thread found out, where that is known by the time it is asked for. */
export interface Found {
  /** What the definitions need together. */
  readonly needs?: () => Needs;
  /** What a definition comes to, by its key; absent: it is found out here. */
  readonly meaning?: (key: string) => Meaning | undefined;
}

/** What of a definition is plain data, and dear. */
export type Meaning = Pick<ResolvedDefinition, 'fingerprint' | 'needs'>;

/** What is dear and not always asked for, `fingerprint` and `needs`, is made when it is. */
export interface ResolvedDefinition {
  readonly definition: Definition;
  /** Hash of its meaning and of the compiler's semantic version (SEMANTICS §5). */
  readonly fingerprint: string;
  /** Keys of the audiences and computed traits it reads, direct references only. */
  readonly upstream: ReadonlySet<string>;
  /** Keys of what it publishes: its own, or those of its outputs. */
  readonly outputs: readonly string[];
  /** What it needs of the sources. */
  readonly needs: Needs;
  /** Traits that go along with its messages. */
  readonly along: AlongLinks;
}

/** A project whose every reference is known. */
export interface ResolvedProject {
  /** Of SQL traits, by key. */
  readonly queries: ReadonlyMap<string, BoundQuery>;
  /** What a key in a query's `{{ref}}` means here. */
  readonly definition: (key: string) => Definition;
  /** Its definitions are all there are, outputs included. */
  readonly project: Project;
  readonly sources: readonly BoundSource[];
  readonly entities: Entities;
  /** In an order in which everything comes after what it refers to. */
  readonly definitions: readonly ResolvedDefinition[];
  readonly byKey: ReadonlyMap<string, ResolvedDefinition>;
  /** What they need together. */
  readonly needs: Needs;
  /** What a trait path means here. */
  readonly resolveTrait: ResolveTrait;
}
