/**
 * Computing: definitions fill their stage, outside any transaction. Those that do not depend on each other are computed by
 * one statement; where that fails, halves of it are tried, down to the one that is guilty, so that a failure is its own.
 */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import { ownerOf, type Definition, type Guard, type Spans } from '../models/definition.js';
import type { DefinitionResult, RunEventBody } from './api.js';
import { Attempts } from './attempts.js';
import type { BatchScript, LevelScript } from './batches.js';
import type { Executor } from './executor.js';
import { definitionFailed, isStatementFailure, upstreamFailed, type StatementFailure } from './failures.js';
import { figure } from './figures.js';
import { elapsed } from './instants.js';
import type { Ledger } from './ledger.js';
import { lookAt } from './query-checks.js';
import { failureOf } from './retry.js';
import type { RenderedStep } from './render.js';
import type { Drift } from './reconcile.js';
import type { DefinitionScript, Script } from './script.js';
import { nullableNumber, numberOf } from './session.js';
import { halves } from './split.js';

export interface ComputeContext {
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly spans: Spans;
  readonly emit: (event: RunEventBody) => void;
  readonly now: () => string;
  readonly warn: (diagnostic: Diagnostic) => void;
  /** What may not change too far in this run. */
  readonly guardOf: (definition: Definition) => Guard | undefined;
  /** Takes down what a reconciling run finds. */
  readonly drift?: Drift;
}

/** Computes a level after the other; gives what is ready to be published, in the order of computing. */
export async function computeAll(script: Script, context: ComputeContext): Promise<DefinitionScript[]> {
  await context.executor.run(script.selective);
  const computing = new Computing(script, context);
  for (const [i, level] of script.levels.entries()) {
    const before = computing.inFull.size;
    await computing.level(level);
    // Those of later levels read what was computed, as it was.
    if (computing.inFull.size > before && i + 1 < script.levels.length)
      await context.executor.run(
        script.selectiveNow(script.definitions.map((x) => computing.asDone(x).plan)),
      );
  }
  const ready = script.definitions
    .filter((item) => computing.ready.has(item))
    .map((item) => computing.asDone(item));
  return withoutFailed(ready, script.definitions.length, context);
}

/**
 * What can still be published: nothing that reads what failed, and of a definition and its outputs all or none, or
 * readers would see half of a run. What is left out is told.
 */
export function withoutFailed(
  ready: readonly DefinitionScript[],
  total: number,
  context: ComputeContext,
): DefinitionScript[] {
  const { ledger } = context;
  let left = [...ready];
  for (;;) {
    const owners = new Set(ledger.failedOwners());
    const kept = left.filter((item) => {
      const { definition } = item.plan;
      const together = owners.has(ownerOf(definition).key);
      if (!together && !stoppedByUpstream(item, context)) return true;
      if (together) stopTogether(item, context);
      tellFailed(item, context, total);
      return false;
    });
    if (kept.length === left.length) return kept;
    left = kept;
  }
}

/** Fails an output with the others of its definition, for their reason. */
function stopTogether({ plan: { definition } }: DefinitionScript, { ledger }: ComputeContext): void {
  const owner = ownerOf(definition).key;
  const cause = ledger.failureOf(owner);
  if (cause) ledger.failed(definition.key, cause.status, cause.error);
}

class Computing {
  readonly ready = new Set<DefinitionScript>();
  /** Those that are computed for all profiles, as they may have changed for too many: as they are then. */
  readonly inFull = new Map<DefinitionScript, DefinitionScript>();
  /** What a definition took by itself: what it prepares. */
  private readonly ownMs = new Map<DefinitionScript, number>();
  private readonly attempts: Attempts;

  constructor(
    private readonly script: Script,
    private readonly context: ComputeContext,
  ) {
    this.attempts = new Attempts(context.executor);
  }

  asDone(item: DefinitionScript): DefinitionScript {
    return this.inFull.get(item) ?? item;
  }

  async level({ items, batches }: LevelScript): Promise<void> {
    const prepared = new Set<DefinitionScript>();
    for (const item of items) if (await this.prepare(item)) prepared.add(item);
    for (const batch of batches) {
      const left = batch.items.filter((item) => prepared.has(item));
      const parts = left.length === batch.items.length ? [batch] : this.parts(left, batch.id);
      for (const part of parts) {
        const failed = await this.attempt(part);
        if (failed) await this.bisect(part, failed);
      }
    }
  }

  private parts(items: readonly DefinitionScript[], id: string): readonly BatchScript[] {
    return items.length === 0 ? [] : this.script.batch(items, id);
  }

  /** Makes what a definition's rows are made of; says whether they can be. One that has none is finished. */
  private async prepare(item: DefinitionScript): Promise<boolean> {
    const { executor, emit, now, spans, warn } = this.context;
    const { definition, staged } = item.plan;
    const { key, kind } = definition;
    const place = this.place(item);
    if (stoppedByUpstream(item, this.context)) {
      tellFailed(item, this.context, place.total);
      return false;
    }
    emit({ event: 'definition_started', key, kind, ...place });
    const startedAt = now();
    try {
      await executor.run(item.prepare);
      const looked = await lookAt(item, executor, spans);
      if (looked?.severity === 'error') return this.fail(item, looked);
      if (looked) warn(looked);
    } catch (error) {
      return this.failBy(item, error);
    }
    this.ownMs.set(item, elapsed(startedAt, now()));
    if (!staged) this.finish(item, 0);
    return true;
  }

  /** Computes a batch; why it could not be. */
  private async attempt(batch: BatchScript): Promise<Failed | undefined> {
    const { executor, now } = this.context;
    const startedAt = now();
    try {
      await this.attempts.clear(batch);
      await this.attempts.find(batch);
      await executor.run(await this.choose(batch));
    } catch (error) {
      if (!isStatementFailure(error)) throw error;
      if (failureOf(error) === 'unknown') for (const item of batch.items) this.attempts.uncertain.add(item);
      return { startedAt, failure: error };
    }
    const share = elapsed(startedAt, now()) / batch.items.length;
    for (const item of batch.items) await this.complete(item, share);
    return undefined;
  }

  /**
   * The step of a batch whose affected profiles are found, with those in full that have too many of them, and without those that
   * have none: planning a statement costs an engine far more than a definition of few profiles.
   */
  private async choose({ items, id, share, step }: BatchScript): Promise<readonly RenderedStep[]> {
    for (const item of items) this.inFull.delete(item);
    if (!share) return [step];
    const rows = await this.context.executor.read(share);
    const counts = new Map(rows.map((row) => [nullableNumber(row, 'definition_no'), numberOf(row, 'n')]));
    const all = counts.get(null) ?? 0;
    const most = this.script.fullFromShare * all;
    const affected = (item: DefinitionScript): number => counts.get(item.definitionNo) ?? 0;
    const changed = items.filter((item) => affected(item) > 0 || !item.plan.staged?.incremental);
    const many = changed.flatMap((item) => {
      const n = affected(item);
      return n > most ? [[item, computedInFull(item, n, all)] as const] : [];
    });
    if (changed.length === 0) return [];
    if (many.length === 0 && changed.length === items.length) return [step];
    const instead = new Map(many);
    const [made, ...more] = this.script.batch(
      changed.map((item) => instead.get(item) ?? item),
      id,
    );
    // It would be too long.
    if (!made || more.length > 0) return [step];
    for (const [item, whole] of many) this.inFull.set(item, whole);
    return [made.step];
  }

  /**
   * Finds who is guilty of a batch's failure, and computes the others. A failure that may pass, and did not for either
   * half, is nobody's: all of them fail with it, instead of each waiting for the engine in turn.
   */
  private async bisect(batch: BatchScript, { failure }: Failed): Promise<void> {
    const { items, id } = batch;
    const [only] = items;
    if (items.length === 1 && only) {
      // Nobody is guilty of an answer that was lost.
      const again = this.attempts.uncertain.has(only) ? await this.attempt(batch) : { failure };
      if (again) this.failBy(only, again.failure);
      return;
    }
    const parts = halves(items).flatMap((half, i) => this.parts(half, `${id}.${i + 1}`));
    const failed: (readonly [BatchScript, Failed])[] = [];
    for (const part of parts) {
      const why = await this.attempt(part);
      if (why) failed.push([part, why]);
    }
    if (failed.length === parts.length && failed.every(([, why]) => failureOf(why.failure) !== 'refused')) {
      for (const [part, why] of failed) {
        this.context.executor.failedTogether(part.step, why.startedAt, why.failure);
        for (const item of part.items) this.failBy(item, why.failure);
      }
      return;
    }
    for (const [part, why] of failed) await this.bisect(part, why);
  }

  /** Once the rows of a definition are there. */
  private async complete(item: DefinitionScript, ms: number): Promise<void> {
    const { executor, now } = this.context;
    const startedAt = now();
    try {
      await executor.run(item.after);
    } catch (error) {
      this.failBy(item, error);
      return;
    }
    this.finish(item, ms + elapsed(startedAt, now()));
  }

  private finish(item: DefinitionScript, ms: number): void {
    const { ledger, emit } = this.context;
    const { key, kind } = item.plan.definition;
    const duration_ms = Math.round((this.ownMs.get(item) ?? 0) + ms);
    ledger.computed(key, duration_ms, modeOf(this.asDone(item), this.script.whole));
    this.ready.add(item);
    emit({ event: 'definition_finished', key, kind, duration_ms, ...this.place(item) });
  }

  private failBy(item: DefinitionScript, failure: unknown): false {
    if (!isStatementFailure(failure)) throw failure;
    return this.fail(item, definitionFailed(item.plan.definition, failure, this.context.spans));
  }

  private fail(item: DefinitionScript, error: Diagnostic): false {
    this.context.ledger.failed(item.plan.definition.key, 'failed', error);
    tellFailed(item, this.context, this.script.definitions.length);
    return false;
  }

  private place({ index }: DefinitionScript): { readonly index: number; readonly total: number } {
    return { index, total: this.script.definitions.length };
  }
}

/** A definition that is computed for all profiles, as it may have changed for so many. */
function computedInFull(item: DefinitionScript, affected: number, all: number): DefinitionScript {
  const { staged, ...plan } = item.plan;
  if (!staged) return item;
  const { incremental: _, ...rest } = staged;
  const because = `it may have changed for ${figure(affected)} of ${figure(all)} profiles`;
  return { ...item, plan: { ...plan, staged: { ...rest, because } } };
}

/** For whom a definition's rows are computed, and why for them. */
function modeOf(
  { plan: { staged } }: DefinitionScript,
  whole: boolean,
): Pick<DefinitionResult, 'mode' | 'reason'> {
  if (!staged) return {};
  if (staged.incremental && !whole)
    return { mode: 'incremental', reason: 'only what changed since it was computed' };
  return { mode: 'full', reason: staged.because ?? 'facts of a source were made anew in this run' };
}

/** Tells of a definition that failed, of `total`, as the ledger has it. */
export function tellFailed(
  { plan, index }: DefinitionScript,
  { ledger, emit }: Pick<ComputeContext, 'ledger' | 'emit'>,
  total: number,
): void {
  const { key, kind } = plan.definition;
  const error = ledger.failure(key);
  const status = ledger.failedStatus(key);
  if (error) emit({ event: 'definition_failed', key, kind, status, error, index, total });
}

interface Failed {
  readonly startedAt: string;
  readonly failure: StatementFailure;
}

/**
 * Marks a definition whose upstream failed in this run; says whether it is one. An output fails with the
 * definition it is computed with.
 */
function stoppedByUpstream(item: DefinitionScript, { ledger, spans }: ComputeContext): boolean {
  const upstream = item.plan.dependsOn.find((key) => ledger.failure(key) !== undefined);
  if (upstream === undefined) return false;
  const { definition } = item.plan;
  const own = definition.output?.of.key === upstream ? ledger.failure(upstream) : undefined;
  if (own) {
    ledger.failed(definition.key, ledger.failedStatus(upstream), own);
    return true;
  }
  const held = ledger.failure(upstream)?.code === 'guard-stopped';
  ledger.failed(definition.key, 'upstream_failed', upstreamFailed(definition, upstream, spans, held));
  return true;
}
