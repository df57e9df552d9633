/**
 * Publishing: one transaction for everything that was computed, its outcome included, so that readers see
 * the whole of a run or nothing of it. What is published is compared and replaced for all definitions at once;
 * a definition whose messages fail is left out and the rest tried again.
 */
import type { Step } from '../compiler/program/types.js';
import { shapeOf } from '../models/definition.js';
import type { Row } from '../dialects/warehouse.js';
import { withoutFailed, type ComputeContext } from './compute.js';
import type { RenderedStep } from './render.js';
import { definitionFailed, isStatementFailure, type StatementFailure } from './failures.js';
import { elapsed } from './instants.js';
import type { Counts } from './ledger.js';
import type { DefinitionScript, Script } from './script.js';
import { numberOf } from './session.js';

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
  const { emit, now, executor } = context;
  const startedAt = now();
  const removed = script.removed.length;
  emit({ event: 'publish_started', definitions: ready.length, removed });
  let left: readonly DefinitionScript[] = ready;
  for (;;) {
    try {
      await executor.transaction(async () => {
        await publishSet(left, script, context);
        for (const item of script.removed) await executor.run(item.publish);
        await executor.run(outcome().map((step) => executor.render(step)));
      }, script.around.publish);
      break;
    } catch (error) {
      if (!(error instanceof PublishFailed)) throw error;
      fail(error, context, script.definitions.length);
      const others = left.filter((item) => item !== error.item);
      left = withoutFailed(others, script.definitions.length, context);
    }
  }
  const duration_ms = elapsed(startedAt, now());
  emit({ event: 'publish_finished', definitions: left.length, removed, duration_ms });
}

async function publishSet(
  items: readonly DefinitionScript[],
  { publish }: Script,
  context: ComputeContext,
): Promise<void> {
  const { executor, ledger } = context;
  await executor.run([...publish.computed(items), ...publish.diff]);
  const counts = countsByNumber(await executor.read(publish.counts));
  const sizes = items.map(
    ({ plan, definitionNo }) =>
      [`compute.${plan.definition.key}`, counts.get(definitionNo)?.size ?? 0] as const,
  );
  executor.tellRows(new Map(sizes));
  for (const item of items) await ownSteps(item, item.baseline, context);
  // Most runs change little: what has nothing to do is not asked.
  const due = publish.apply.filter(({ step: { when } }) => {
    const asked = items.filter(({ plan }) => shapeOf(plan.definition.kind) === when?.kind);
    return (
      !when || asked.some((item) => when.any.some((what) => (counts.get(item.definitionNo)?.[what] ?? 0) > 0))
    );
  });
  await executor.run(due);
  for (const item of items) {
    const { definition, fingerprint, staged } = item.plan;
    if (!staged) {
      ledger.published(definition.key, fingerprint, { rows: 0, durationMs: 0 });
      continue;
    }
    const own = counts.get(item.definitionNo) ?? { size: 0, entered: 0, exited: 0, changed: 0 };
    const sent = await ownSteps(item, item.messages, context);
    const stored = definition.kind !== 'trait' ? own.changed : own.entered + own.exited + own.changed;
    ledger.published(definition.key, fingerprint, {
      counts: own,
      rows: stored + sent.rows,
      durationMs: sent.durationMs,
    });
  }
}

const countsByNumber = (rows: readonly Row[]): ReadonlyMap<number, Counts> =>
  new Map(
    rows.map((row) => [
      numberOf(row, 'definition_no'),
      {
        size: numberOf(row, 'size'),
        entered: numberOf(row, 'entered'),
        exited: numberOf(row, 'exited'),
        changed: numberOf(row, 'changed'),
      },
    ]),
  );

/** Steps that are of one definition alone, so that a failure is its own. */
async function ownSteps(
  item: DefinitionScript,
  steps: readonly RenderedStep[],
  { executor, now }: ComputeContext,
): Promise<{ readonly rows: number; readonly durationMs: number }> {
  const startedAt = now();
  try {
    const rows = await executor.run(steps);
    return { rows, durationMs: elapsed(startedAt, now()) };
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
