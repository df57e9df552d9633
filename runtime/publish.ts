/**
 * Publishing: one transaction for everything that was computed, its outcome included, so that readers see
 * the whole of a run or nothing of it. A definition that fails here is left out and the rest tried again.
 */
import type { Step } from '../compiler/program/types.js';
import { stoppedByUpstream, type ComputeContext } from './compute.js';
import { definitionFailed, isStatementFailure, type StatementFailure } from './failures.js';
import { elapsed } from './instants.js';
import type { Counts } from './ledger.js';
import type { DefinitionScript, Script } from './script.js';
import { numberOf } from './session.js';

interface Published {
  readonly counts: Counts;
  readonly rows: number;
  readonly durationMs: number;
}

/** Belongs to one definition; anything else that fails in the transaction fails the run. */
class PublishFailed extends Error {
  constructor(
    readonly item: DefinitionScript,
    readonly failure: StatementFailure,
  ) {
    super(failure.message, { cause: failure });
    this.name = 'PublishFailed';
  }
}

/**
 * Publishes what is ready, and the removed keys. `outcome` makes the steps that record it, once it is known
 * which definitions went through.
 */
export async function publishAll(
  ready: readonly DefinitionScript[],
  script: Script,
  context: ComputeContext,
  outcome: () => readonly Step[],
): Promise<void> {
  const { emit, now, executor, ledger } = context;
  const startedAt = now();
  const removed = script.removed.length;
  emit({ event: 'publish_started', definitions: ready.length, removed });
  let left = ready;
  for (;;) {
    try {
      await executor.transaction(async () => {
        for (const item of left) {
          const done = await publishOne(item, context);
          ledger.published(item.plan.definition.key, item.plan.fingerprint, done);
        }
        for (const item of script.removed) await executor.run(item.publish);
        await executor.run(outcome().map((step) => executor.render(step)));
      });
      break;
    } catch (error) {
      if (!(error instanceof PublishFailed)) throw error;
      fail(error, context, script.definitions.length);
      left = left.filter((item) => item !== error.item && !stopped(item, context, script.definitions.length));
    }
  }
  const duration_ms = elapsed(startedAt, now());
  emit({ event: 'publish_finished', definitions: left.length, removed, duration_ms });
}

async function publishOne(item: DefinitionScript, { executor, now }: ComputeContext): Promise<Published> {
  const startedAt = now();
  try {
    const compared = await executor.run(item.diff);
    const found = (await executor.read(item.counts))[0] ?? {};
    const counts = {
      size: numberOf(found, 'size'),
      entered: numberOf(found, 'entered'),
      exited: numberOf(found, 'exited'),
      changed: numberOf(found, 'changed'),
    };
    // Most definitions change little from run to run: what has nothing to do is not asked.
    const due = item.publish.filter(({ step }) => step.when?.some((what) => counts[what] > 0) ?? true);
    const rows = compared + (await executor.run(due));
    return { counts, rows, durationMs: elapsed(startedAt, now()) };
  } catch (error) {
    throw isStatementFailure(error) ? new PublishFailed(item, error) : error;
  }
}

function fail({ item, failure }: PublishFailed, context: ComputeContext, total: number): void {
  const { key, kind } = item.plan.definition;
  const error = definitionFailed(item.plan.definition, failure, context.spans);
  context.ledger.failed(key, 'failed', error);
  context.emit({ event: 'definition_failed', key, kind, status: 'failed', error, index: item.index, total });
}

/** In order, so what depends on something stopped is stopped after it. */
function stopped(item: DefinitionScript, context: ComputeContext, total: number): boolean {
  if (!stoppedByUpstream(item, context)) return false;
  const { key, kind } = item.plan.definition;
  const error = context.ledger.failure(key);
  if (error) {
    const status = 'upstream_failed';
    context.emit({ event: 'definition_failed', key, kind, status, error, index: item.index, total });
  }
  return true;
}
