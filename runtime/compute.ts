/** Computing: each definition fills its stage, outside any transaction, so that a failure is its own. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import { ownerOf, type Spans } from '../models/definition.js';
import type { RunEventBody } from './api.js';
import type { Executor } from './executor.js';
import { definitionFailed, isStatementFailure, upstreamFailed } from './failures.js';
import { elapsed } from './instants.js';
import type { Ledger } from './ledger.js';
import { lookAt } from './query-checks.js';
import type { DefinitionScript, Script } from './script.js';

export interface ComputeContext {
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly spans: Spans;
  readonly emit: (event: RunEventBody) => void;
  readonly now: () => string;
  readonly warn: (diagnostic: Diagnostic) => void;
}

/** Computes in order; gives what is ready to be published. */
export async function computeAll(script: Script, context: ComputeContext): Promise<DefinitionScript[]> {
  const ready: DefinitionScript[] = [];
  const total = script.definitions.length;
  for (const [i, item] of script.definitions.entries()) {
    if (await computeOne(item, { index: i + 1, total }, context)) ready.push(item);
  }
  return withoutFailed(ready, total, context);
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
  const { ledger, emit } = context;
  let left = [...ready];
  for (;;) {
    const owners = new Set(ledger.failedOwners());
    const kept = left.filter((item) => {
      const { definition } = item.plan;
      const together = owners.has(ownerOf(definition).key);
      if (!together && !stoppedByUpstream(item, context)) return true;
      if (together) stopTogether(item, context);
      const error = ledger.failure(definition.key);
      const { key, kind } = definition;
      const status = ledger.status(key) === 'failed' ? 'failed' : 'upstream_failed';
      if (error) emit({ event: 'definition_failed', key, kind, status, error, index: item.index, total });
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

async function computeOne(
  item: DefinitionScript,
  place: { readonly index: number; readonly total: number },
  context: ComputeContext,
): Promise<boolean> {
  const { ledger, emit, now } = context;
  const { key, kind } = item.plan.definition;
  if (stoppedByUpstream(item, context)) {
    const error = ledger.failure(key);
    const status = ledger.status(key) === 'failed' ? 'failed' : 'upstream_failed';
    if (error) emit({ event: 'definition_failed', key, kind, status, error, ...place });
    return false;
  }
  emit({ event: 'definition_started', key, kind, ...place });
  const startedAt = now();
  const error = await computed(item, context);
  if (error) {
    ledger.failed(key, 'failed', error);
    emit({ event: 'definition_failed', key, kind, status: 'failed', error, ...place });
    return false;
  }
  const duration_ms = elapsed(startedAt, now());
  ledger.computed(key, duration_ms);
  emit({ event: 'definition_finished', key, kind, duration_ms, ...place });
  return true;
}

/** Fills the stage; why it could not be. */
async function computed(item: DefinitionScript, context: ComputeContext): Promise<Diagnostic | undefined> {
  const { executor, spans, warn } = context;
  try {
    await executor.run(item.prepare);
    const looked = await lookAt(item, executor, spans);
    if (looked?.severity === 'error') return looked;
    if (looked) warn(looked);
    await executor.run(item.compute);
    return undefined;
  } catch (failure) {
    if (!isStatementFailure(failure)) throw failure;
    return definitionFailed(item.plan.definition, failure, spans);
  }
}

/**
 * Marks a definition whose upstream failed in this run; says whether it is one. An output fails with the
 * definition it is computed with.
 */
export function stoppedByUpstream(item: DefinitionScript, { ledger, spans }: ComputeContext): boolean {
  const upstream = item.plan.dependsOn.find((key) => ledger.failure(key) !== undefined);
  if (upstream === undefined) return false;
  const { definition } = item.plan;
  const own = definition.output?.of.key === upstream ? ledger.failure(upstream) : undefined;
  if (own) {
    ledger.failed(definition.key, ledger.status(upstream) === 'failed' ? 'failed' : 'upstream_failed', own);
    return true;
  }
  ledger.failed(definition.key, 'upstream_failed', upstreamFailed(definition, upstream, spans));
  return true;
}
