/** The shapes of `explain`. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { ComputeSetting, DefinitionKind } from '../models/definition.js';
import type { RuntimeOptions, SelectionOptions } from './api.js';

export interface ExplainOptions extends RuntimeOptions, SelectionOptions {
  readonly asOf?: string;
}

/** A comparison with `as_of`: when it was computed last it stood at `from`, now it stands at `to`. */
export interface ExplainedEdge {
  /** Seconds from `as_of`. */
  readonly offset: number;
  /** The column compared; null where it is what a function makes of one. */
  readonly column: string | null;
  readonly from: string | null;
  readonly to: string;
  /** Rows between the two; null where nobody counted. */
  readonly rows: number | null;
}

export interface ExplainedRead {
  readonly what: 'event' | 'custom traits' | 'profiles' | 'audience' | 'trait';
  readonly name: string | null;
  readonly tables: readonly string[];
  /** In these tables now; null before they are there. */
  readonly rows: number | null;
  /** Of these, brought since the definition was computed last. */
  readonly brought: number | null;
  readonly edges: readonly ExplainedEdge[];
}

export interface ExplainedDefinition {
  readonly key: string;
  readonly kind: DefinitionKind;
  /** As in the `definitions` table; `new` when it was never run. */
  readonly status: string;
  /** How the next run would compute it; null: it has nothing to compute by itself. */
  readonly mode: 'incremental' | 'full' | null;
  readonly reason: string;
  readonly depends_on: readonly string[];
  /** The `as_of` it was computed for last; null where nobody remembers. */
  readonly last_as_of: string | null;
  readonly cost: {
    /** Rows of facts that it reads in full; null where they are not known. */
    readonly full_rows: number | null;
    /** Rows of facts in which those are found for whom it may have changed. */
    readonly changed_rows: number | null;
    /** For so many profiles it may have changed, by what has landed. */
    readonly profiles: number | null;
    /** Whether that is all of them: what others come to is known when they are computed. */
    readonly complete: boolean;
    /** With more profiles than these it is computed in full; null: whatever their number. */
    readonly full_above: number | null;
  };
  readonly reads: readonly ExplainedRead[];
}

export interface ExplainResult {
  readonly schema_version: 1;
  readonly target: string;
  readonly schema: string;
  readonly compute: ComputeSetting;
  readonly as_of: string;
  /** Profiles there were when the last run ended. */
  readonly profiles: number | null;
  readonly landing: readonly {
    readonly source: string;
    readonly mode: 'incremental' | 'full';
    readonly reason: string;
    readonly watermark: string | null;
  }[];
  /** In the order they would be computed. */
  readonly definitions: readonly ExplainedDefinition[];
  /** Keys that are gone from the project, which the next run would remove. */
  readonly removed: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How the next run would compute what is selected, and why. Reads state, and writes nothing. */
export type Explain = (options: ExplainOptions) => Promise<ExplainResult>;
