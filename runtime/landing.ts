/** Landing: new rows of every source into state, who is who, events into facts. One transaction, all or nothing. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { RunEventBody, LandingResult } from './api.js';
import type { Executor } from './executor.js';
import { elapsed } from './instants.js';
import type { Drift } from './reconcile.js';
import type { IdentityScript, LandingPart, LandingScript } from './script.js';
import { nullableNumber, numberOf } from './session.js';

export interface Landed {
  readonly results: readonly LandingResult[];
  readonly warnings: readonly Diagnostic[];
}

interface LandingContext {
  readonly executor: Executor;
  readonly emit: (event: RunEventBody) => void;
  readonly now: () => string;
  readonly drift?: Drift;
}

/**
 * Lands every source. A transient failure starts again from the first.
 *
 * @param rendered what the rest of the run is: nothing that landed is committed before it is there
 */
export async function land(
  script: LandingPart,
  context: LandingContext,
  rendered: Promise<unknown>,
): Promise<Landed> {
  return context.executor.transaction(async () => {
    const total = script.land.length;
    const results: LandingResult[] = [];
    const warnings: Diagnostic[] = [];
    const { drift, executor } = context;
    const { digests } = script;
    if (drift && digests) drift.factsBefore = await executor.read(digests);
    for (const [i, source] of script.land.entries()) {
      context.emit({ event: 'landing_started', source: source.plan.source, index: i + 1, total });
      const { gone, ...result } = await landSource(source, context);
      results.push(result);
      if (gone > 0 && result.mode === 'incremental') warnings.push(reloaded(source.plan.source, gone));
      context.emit({ event: 'landing_finished', ...result, index: i + 1, total });
    }
    context.emit({ event: 'profiles_started' });
    const startedAt = context.now();
    const nothing = results.every(isNothing);
    await identify((nothing ? script.identityByTime : undefined) ?? script.identity, executor);
    for (const [i, source] of script.land.entries()) {
      const landed = results[i];
      if (landed?.mode === 'full') await executor.run(source.factsFull);
      else if (landed && !isNothing(landed)) await executor.run(source.factsIncremental);
      warnings.push(...(await audit(source, context.executor)));
    }
    if (drift && digests) drift.factsAfter = await executor.read(digests);
    context.emit({ event: 'profiles_finished', duration_ms: elapsed(startedAt, context.now()) });
    await rendered;
    return { results, warnings };
  }, script.around.land);
}

const isNothing = ({ mode, new_rows }: LandingResult): boolean => mode === 'incremental' && new_rows === 0;

/** Who is who by now. Facts are handed over only where somebody changed hands: it is a statement for each table of them. */
async function identify({ find, moved, handOver, done }: IdentityScript, executor: Executor): Promise<void> {
  await executor.run(find);
  const [found] = await executor.read(moved);
  if (!found || numberOf(found, 'n') > 0) await executor.run(handOver);
  await executor.run(done);
}

/** How a source landed, and how many messages that had landed are gone from it. */
type Found = LandingResult & { readonly gone: number };

async function landSource(source: LandingScript, { executor, now }: LandingContext): Promise<Found> {
  const startedAt = now();
  let gone = 0;
  const done = (mode: LandingResult['mode'], reason: string, new_rows: number | null): Found => ({
    source: source.plan.source,
    mode,
    reason,
    new_rows,
    duration_ms: elapsed(startedAt, now()),
    gone,
  });
  if (source.plan.mode === 'full') {
    await executor.run(source.full);
    return done('full', source.plan.reason, null);
  }
  await executor.run(source.prepare);
  const found = source.check ? (await executor.read(source.check))[0] : undefined;
  const newRows = found ? nullableNumber(found, 'new_rows') : null;
  gone = (found && nullableNumber(found, 'gone')) ?? 0;
  const corrected = (found && nullableNumber(found, 'corrected')) ?? 0;
  if (corrected > 0) {
    // State keeps a landing's outcome, not its rows: which of two contents counts must be read again.
    await executor.run(source.full);
    return done('full', `${corrected} messages landed again with an earlier received_at`, newRows);
  }
  await executor.run(source.incremental);
  return done('incremental', source.plan.reason, newRows);
}

/**
 * What landed goes on to count: a table that is empty for the moment in which it is loaded anew must not send everyone away. So
 * it is told, and somebody decides.
 */
const reloaded = (source: string, gone: number): Diagnostic => ({
  code: 'source-reloaded',
  severity: 'warning',
  message: `source ${JSON.stringify(source)}: ${gone} of the messages that landed last ${gone === 1 ? 'is' : 'are'} gone: was it truncated, or loaded anew?`,
  hint: 'what landed still counts; once the table is whole, "rollcall run --reconcile" makes state what it says',
});

async function audit(source: LandingScript, executor: Executor): Promise<Diagnostic[]> {
  const found = source.audit && (await executor.read(source.audit))[0];
  if (!found) return [];
  const counts = [
    [nullableNumber(found, 'rows_without_timestamp') ?? 0, 'without a timestamp'],
    [nullableNumber(found, 'rows_without_id') ?? 0, 'without an id'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => ({
      code: 'null-timestamps',
      severity: 'warning',
      message: `source ${JSON.stringify(source.plan.source)}: ${count} ${count === 1 ? 'row' : 'rows'} ${what} left out`,
    }));
}
