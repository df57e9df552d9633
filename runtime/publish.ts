/**
 * Publishing: one transaction for everything that was computed, its outcome included, so that readers see
 * the whole of a run or nothing of it. What is published is compared and replaced, and messages are queued, for all
 * definitions at once. Where messages fail, the transaction begins again with halves of those that did, down to the
 * definition that is guilty, which is left out. It begins again as well without those that a guard stops.
 */
import { queues } from '../compiler/program/outbox.js';
import type { Step } from '../compiler/program/types.js';
import { shapeOf } from '../models/definition.js';
import type { Row } from '../dialects/warehouse.js';
import { tellFailed, withoutFailed, type ComputeContext } from './compute.js';
import { definitionFailed, isStatementFailure, type StatementFailure } from './failures.js';
import { heldBack, type Held } from './guard.js';
import { elapsed } from './instants.js';
import type { Counts } from './ledger.js';
import type { DefinitionScript, MessagesScript, Script } from './script.js';
import { numberOf } from './session.js';
import { halves } from './split.js';

/** Belongs to the messages of some definitions; anything else that fails in the transaction fails the run. */
class PublishFailed extends Error {
  constructor(
    readonly items: readonly DefinitionScript[],
    readonly failure: StatementFailure,
  ) {
    super(failure.message, { cause: failure });
    this.name = 'PublishFailed';
  }
}

/** Guards stop some definitions: they are left out, with what reads them. */
class PublishHeld extends Error {
  constructor(readonly held: readonly Held[]) {
    super(held.map(({ error }) => error.message).join('\n'));
    this.name = 'PublishHeld';
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
  // Those whose messages are queued together.
  let groups: readonly (readonly DefinitionScript[])[] = [ready];
  for (;;) {
    groups = groups.flatMap((group) => {
      const own = group.filter((item) => item.plan.ways.length > 0 && left.includes(item));
      return own.length > 0 ? [own] : [];
    });
    try {
      await executor.transaction(async () => {
        await publishSet(left, groups, script, context);
        for (const item of script.removed) await executor.run(item.publish);
        await executor.run(outcome().map((step) => executor.render(step)));
      }, script.around.publish);
      break;
    } catch (error) {
      if (error instanceof PublishHeld) {
        for (const held of error.held) hold(held, context, script.definitions.length);
        const stopped = new Set(error.held.map(({ item }) => item));
        const rest = left.filter((item) => !stopped.has(item));
        left = withoutFailed(rest, script.definitions.length, context);
        continue;
      }
      if (!(error instanceof PublishFailed)) throw error;
      const [guilty, ...others] = error.items;
      if (guilty && others.length === 0) {
        fail(guilty, error.failure, context, script.definitions.length);
        const rest = left.filter((item) => item !== guilty);
        left = withoutFailed(rest, script.definitions.length, context);
      } else groups = groups.flatMap((group) => (group === error.items ? halves(group) : [group]));
    }
  }
  const duration_ms = elapsed(startedAt, now());
  emit({ event: 'publish_finished', definitions: left.length, removed, duration_ms });
}

async function publishSet(
  items: readonly DefinitionScript[],
  groups: readonly (readonly DefinitionScript[])[],
  { publish, whole }: Script,
  context: ComputeContext,
): Promise<void> {
  const { executor, ledger } = context;
  await executor.run([...publish.computed(items), ...publish.diff]);
  const counts = countsByNumber(await executor.read(publish.counts));
  const held = heldBack(items, counts, context);
  if (held.length > 0) throw new PublishHeld(held);
  // Of what is computed for some profiles only, the statement that did it tells the rows of all its definitions.
  const sizes = items
    .filter(({ plan }) => whole || !plan.staged?.incremental)
    .map(
      ({ plan, definitionNo }) =>
        [`compute.${plan.definition.key}`, counts.get(definitionNo)?.size ?? 0] as const,
    );
  executor.tellRows(new Map(sizes));
  if (context.drift) context.drift.samples = await executor.read(publish.samples);
  const published = new Set(items.map(({ plan }) => plan.definition.key));
  const messages = groups.map((group) => ({
    group,
    steps: publish.messages(group, published, groups.length > 1),
  }));
  for (const { group, steps } of messages) {
    const { ways, baseline } = steps;
    if (baseline.length > 0) await ofGroup(group, () => executor.run([...ways, ...baseline]));
  }
  // Most runs change little: what has nothing to do is not asked.
  const due = publish.apply.filter(({ step: { when } }) => {
    const asked = items.filter(({ plan }) => shapeOf(plan.definition.kind) === when?.kind);
    return (
      !when || asked.some((item) => when.any.some((what) => (counts.get(item.definitionNo)?.[what] ?? 0) > 0))
    );
  });
  await executor.run(due);
  const sent = new Map<string, Sent>();
  for (const { group, steps } of messages) {
    const queued = await ofGroup(group, () => queueMessages(group, steps, context));
    for (const [key, own] of queued) sent.set(key, own);
  }
  for (const { definitionNo, plan } of items) {
    const { definition, fingerprint, staged } = plan;
    if (!staged) {
      ledger.published(definition.key, fingerprint, { rows: 0, durationMs: 0 });
      continue;
    }
    const own = counts.get(definitionNo) ?? { size: 0, entered: 0, exited: 0, changed: 0 };
    const { rows, durationMs } = sent.get(definition.key) ?? { rows: 0, durationMs: 0 };
    const stored = definition.kind !== 'trait' ? own.changed : own.entered + own.exited + own.changed;
    ledger.published(definition.key, fingerprint, {
      counts: own,
      rows: stored + rows,
      messages: rows,
      durationMs,
    });
  }
}

/** Messages queued for a definition, and its share of the time that took. */
interface Sent {
  readonly rows: number;
  readonly durationMs: number;
}

/** Queues the messages of definitions; what came of it, by key. */
async function queueMessages(
  group: readonly DefinitionScript[],
  steps: MessagesScript,
  { executor, now }: ComputeContext,
): Promise<ReadonlyMap<string, Sent>> {
  const startedAt = now();
  const rows = new Map<string, number>();
  const add = (key: string, more: number): void => void rows.set(key, (rows.get(key) ?? 0) + more);
  await executor.run([...steps.ways, ...steps.find]);
  for (const row of await executor.read(steps.counts)) {
    const way = steps.messages.get(numberOf(row, 'way'));
    if (way) add(way.key, way.people * numberOf(row, 'people') + way.accounts * numberOf(row, 'accounts'));
  }
  if ([...rows.values()].some((n) => n > 0)) await executor.run(steps.queue);
  for (const rendered of steps.entities) {
    const changed = await executor.run([rendered]);
    if (queues(rendered.step) && rendered.step.definition) add(rendered.step.definition, changed);
  }
  await executor.run(steps.connect);
  const durationMs = Math.round(elapsed(startedAt, now()) / group.length);
  return new Map(
    group.map(({ plan: { definition } }) => [
      definition.key,
      { rows: rows.get(definition.key) ?? 0, durationMs },
    ]),
  );
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

/** Steps for some definitions: one that is for one of them alone says which is guilty. */
async function ofGroup<T>(group: readonly DefinitionScript[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isStatementFailure(error)) throw error;
    const guilty = group.find(({ plan }) => plan.definition.key === error.step.definition);
    throw new PublishFailed(guilty ? [guilty] : group, error);
  }
}

function hold({ item, error, guard }: Held, context: ComputeContext, total: number): void {
  context.ledger.failed(item.plan.definition.key, 'held', error, guard);
  tellFailed(item, context, total);
}

function fail(
  item: DefinitionScript,
  failure: StatementFailure,
  context: ComputeContext,
  total: number,
): void {
  const { definition } = item.plan;
  context.ledger.failed(definition.key, 'failed', definitionFailed(definition, failure, context.spans));
  tellFailed(item, context, total);
}
