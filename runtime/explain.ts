/** `explain`: how the next run would compute definitions, and why. What a run would find out by state alone is asked, no more. */
import type { Read } from '../compiler/incremental/index.js';
import * as ir from '../compiler/ir/build.js';
import { inputsOf } from '../compiler/ir/relations.js';
import type { Relation, TableRef } from '../compiler/ir/types.js';
import type { DefinitionPlan, Staged } from '../compiler/program/plan.js';
import type {
  ExplainedDefinition,
  ExplainedEdge,
  ExplainedRead,
  ExplainOptions,
  ExplainResult,
} from './explain-api.js';
import { isoOf, microsOf, readAsOf, timestamp } from './instants.js';
import { prepareRun, type Prepared } from './prepare.js';
import { numberOf, withSession, type Session } from './session.js';

/** See `Explain`. */
export async function explain(options: ExplainOptions): Promise<ExplainResult> {
  const asOf = readAsOf(options.asOf, options.now());
  return withSession(options, { mode: 'read' }, async (session) => {
    const prepared = await prepareRun(session, { ...options, asOf });
    return new Explaining(session, prepared, asOf).result();
  });
}

/** Counts asked in one statement. */
const TOGETHER = 40;

class Explaining {
  private readonly counts = new Map<Relation | string, number>();

  constructor(
    private readonly session: Session,
    private readonly prepared: Prepared,
    private readonly asOf: string,
  ) {}

  async result(): Promise<ExplainResult> {
    const { prepared, session, asOf } = this;
    const { program, stored, selection, resolved, diagnostics } = prepared;
    const plans = new Map(program.definitions.map((plan) => [plan.definition.key, plan]));
    const reads = new Map([...plans.keys()].map((key) => [key, prepared.reads(key)]));
    await this.count(plans, reads);
    const definitions = selection.keys.flatMap((key): readonly ExplainedDefinition[] => {
      const definition = resolved.byKey.get(key)?.definition;
      if (!definition) return [];
      const last = this.lastOf(plans.get(key));
      return [
        {
          key,
          kind: definition.kind,
          status: stored.definitions.get(key)?.status ?? 'new',
          ...this.modeOf(plans.get(key)),
          depends_on: [...(resolved.byKey.get(key)?.upstream ?? [])],
          last_as_of: last ?? null,
          cost: this.costOf(plans.get(key), reads.get(key) ?? []),
          reads: this.merged(reads.get(key) ?? [], last),
        },
      ];
    });
    return {
      schema_version: 1,
      target: session.project.config.target,
      schema: session.state.schema,
      compute: session.target.compute ?? 'auto',
      as_of: asOf,
      profiles: this.profiles,
      landing: program.land.map(({ source, mode, reason }) => ({
        source,
        mode,
        reason,
        watermark: stored.existing.landings.get(source)?.watermark ?? null,
      })),
      definitions,
      removed: program.removed.map(({ key }) => key),
      diagnostics,
    };
  }

  private get profiles(): number | null {
    return this.counts.get('profiles') ?? null;
  }

  /** Why facts of a source will be made anew; then everything is computed in full. */
  private get anew(): string | undefined {
    const full = this.prepared.program.land.find(({ mode }) => mode === 'full');
    return full && `facts of source ${JSON.stringify(full.source)} will be made anew: ${full.reason}`;
  }

  private lastOf(plan: DefinitionPlan | undefined): string | undefined {
    return plan && this.prepared.stored.existing.computations.get(plan.definitionNo)?.asOf;
  }

  private modeOf(plan: DefinitionPlan | undefined): Pick<ExplainedDefinition, 'mode' | 'reason'> {
    if (!plan) return { mode: null, reason: 'it is disabled' };
    const { staged } = plan;
    if (!staged) return { mode: null, reason: 'what it publishes has keys of its own' };
    if (!staged.incremental)
      return { mode: 'full', reason: staged.because ?? 'it has no rows but those of its query' };
    if (this.anew !== undefined) return { mode: 'full', reason: this.anew };
    const found = this.counts.get(affectedOf(staged) ?? '') ?? 0;
    const most = this.fullAbove(staged);
    if (most !== null && found > most)
      return { mode: 'full', reason: `it may have changed for ${found} of ${this.profiles ?? 0} profiles` };
    return { mode: 'incremental', reason: 'only what changed since it was computed' };
  }

  /** The greatest number of affected profiles that a run computes incrementally. */
  private fullAbove({ incremental }: Staged): number | null {
    if (!incremental || !this.prepared.program.choosing || this.profiles === null) return null;
    return Math.floor(this.session.dialect.capabilities.fullFromShare * this.profiles);
  }

  private costOf(plan: DefinitionPlan | undefined, reads: readonly Read[]): ExplainedDefinition['cost'] {
    const staged = plan?.staged;
    const affected = staged && affectedOf(staged);
    const tables = new Set(reads.flatMap((read) => tablesOf(read).map(nameOf)));
    const changed = reads.flatMap(({ brought, edges }) => [brought, ...edges.map(({ passed }) => passed)]);
    return {
      full_rows: reads.length === 0 ? null : sum([...tables].map((name) => this.counts.get(name) ?? null)),
      changed_rows: affected ? sum(changed.flatMap((x) => (x ? [this.counts.get(x) ?? null] : []))) : null,
      profiles: affected ? (this.counts.get(affected) ?? null) : null,
      complete: staged?.incremental?.changes.every((x) => !readsTemporary(x)) ?? false,
      full_above: staged ? this.fullAbove(staged) : null,
    };
  }

  /** What is read once is told once, though parts of a definition read it in several ways. */
  private merged(reads: readonly Read[], last: string | undefined): readonly ExplainedRead[] {
    const found = new Map<string, ExplainedRead>();
    for (const read of reads) {
      const { what } = read;
      const name = what.kind === 'profiles' ? null : what.name;
      const id = JSON.stringify([what.kind, name]);
      const tables = tablesOf(read);
      const known = found.get(id)?.edges ?? [];
      const edges = read.edges.map((edge) => this.edge(edge, last));
      const own = edges.filter((e) => !known.some((x) => x.offset === e.offset && x.column === e.column));
      found.set(id, {
        what: what.kind,
        name,
        tables: tables.map(({ name: table }) => table),
        rows: tables.length === 0 ? null : sum(tables.map((table) => this.counts.get(nameOf(table)) ?? null)),
        brought: read.brought ? (this.counts.get(read.brought) ?? null) : null,
        edges: [...known, ...own],
      });
    }
    return [...found.values()];
  }

  private edge({ offset, column, passed }: Read['edges'][number], last: string | undefined): ExplainedEdge {
    const at = (iso: string): string => isoOf(microsOf(iso) + offset);
    return {
      offset: Number(offset) / 1_000_000,
      column: column ?? null,
      from: last === undefined ? null : at(last),
      to: at(this.asOf),
      rows: passed ? (this.counts.get(passed) ?? null) : null,
    };
  }

  /** Counts all that is told, many in a statement. */
  private async count(
    plans: ReadonlyMap<string, DefinitionPlan>,
    reads: ReadonlyMap<string, readonly Read[]>,
  ): Promise<void> {
    const { tables } = this.prepared.stored.existing;
    const asked = new Map<Relation | string, Relation>();
    if (tables.has('profiles')) asked.set('profiles', this.session.state.scan('profiles'));
    for (const read of [...reads.values()].flat()) {
      for (const table of tablesOf(read))
        if (tables.has(table.name)) asked.set(nameOf(table), ir.scan(table, PROFILE));
      if (this.anew !== undefined) continue;
      for (const rows of [read.brought, ...read.edges.map(({ passed }) => passed)])
        if (rows) asked.set(rows, rows);
    }
    if (this.anew === undefined) {
      for (const { staged } of plans.values()) {
        const affected = staged && affectedOf(staged);
        if (affected) asked.set(affected, affected);
      }
    }
    const entries = [...asked];
    for (let i = 0; i < entries.length; i += TOGETHER) {
      const some = entries.slice(i, i + TOGETHER);
      const parts = some.map(([, rows], no) => {
        const n = ir.aggregate(rows, [], [ir.as('n', ir.agg('count'))]);
        return ir.project(n, [ir.as('no', ir.int(no)), ir.as('n', ir.c(n, 'n'))]);
      });
      for (const row of await this.session.rows(ir.union(parts), { as_of: timestamp(this.asOf) })) {
        const of = some[numberOf(row, 'no')]?.[0];
        if (of !== undefined) this.counts.set(of, numberOf(row, 'n'));
      }
    }
  }
}

const PROFILE = [{ name: 'profile_no', type: 'int' }] as const;

const tablesOf = ({ what }: Read): readonly TableRef[] => ('tables' in what ? what.tables : []);

const nameOf = ({ schema, name }: TableRef): string => JSON.stringify([schema, name]);

/** Null where a part is not known. */
const sum = (parts: readonly (number | null)[]): number | null =>
  parts.reduce((all, part) => (all === null || part === null ? null : all + part), 0);

const known = new WeakMap<Staged, Relation>();

/** For whom a definition may have changed, as far as state tells: what a run stages is not there yet. */
function affectedOf(staged: Staged): Relation | undefined {
  if (!staged.incremental) return undefined;
  const made = known.get(staged);
  if (made) return made;
  const parts = staged.incremental.changes.filter((part) => !readsTemporary(part));
  if (parts.length === 0) return undefined;
  const affected = ir.pick(ir.union(parts), ['profile_no'], { distinct: true });
  known.set(staged, affected);
  return affected;
}

/** Temporary tables stand in no schema. */
const readsTemporary = (relation: Relation): boolean =>
  relation.kind === 'scan' ? relation.table.schema === undefined : inputsOf(relation).some(readsTemporary);
