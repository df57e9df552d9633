/**
 * `run --reconcile`: how far state is from what a full run over the raw rows comes to, and its repair. An ordinary run comes
 * first, so that what has landed and what time has moved are not taken for drift; then everything is made anew as of the same
 * instant, and what still differs is what had drifted. What a project remembers stays: first runs, positions in journeys,
 * who was forgotten.
 */
import type { Row } from '../dialects/warehouse.js';
import { byText } from '../models/order.js';
import type { DefinitionResult, RunOptions, RunResult } from './api.js';
import { prepareRun, type Prepared } from './prepare.js';
import type { Reconciled } from './reconcile-api.js';
import { numberOf, nullableText, textOf, type Session } from './session.js';

/** What a reconciling run finds, as it finds it. A transaction that begins again says all of its part again. */
export class Drift {
  samples: readonly Row[] = [];
  factsBefore: readonly Row[] = [];
  factsAfter: readonly Row[] = [];

  /**
   * @param ordinary the run that came first
   * @param keys by the number of a definition
   */
  found(
    ordinary: string,
    results: readonly DefinitionResult[],
    keys: ReadonlyMap<number, string>,
  ): Reconciled {
    const sampled = (key: string, what: string): readonly string[] =>
      this.samples
        .filter((row) => keys.get(numberOf(row, 'definition_no')) === key && textOf(row, 'what') === what)
        .map((row) => textOf(row, 'profile_id'))
        .sort();
    const definitions = results.flatMap(({ key, status, entered, exited, changed: all, kind }) => {
      const missing = entered ?? 0;
      const surplus = exited ?? 0;
      // Of audiences `changed` counts who entered and exited.
      const changed = kind === 'trait' ? (all ?? 0) : 0;
      if (status !== 'succeeded' || missing + surplus + changed === 0) return [];
      const sample = {
        missing: sampled(key, 'missing'),
        surplus: sampled(key, 'surplus'),
        changed: sampled(key, 'changed'),
      };
      return [{ key, missing, surplus, changed, sample }];
    });
    return { ordinary_run_id: ordinary, definitions, facts: this.facts() };
  }

  private facts(): Reconciled['facts'] {
    const differing = this.factsAfter.flatMap((row) => {
      const [source, what] = [textOf(row, 'source'), textOf(row, 'what')];
      const old = this.factsBefore.find((b) => b['source'] === source && b['what'] === what);
      const [before, after] = [old ? numberOf(old, 'n') : 0, numberOf(row, 'n')];
      const same =
        before === after && (old ? nullableText(old, 'digest') : null) === nullableText(row, 'digest');
      return same ? [] : [{ source, facts: what, before, after }];
    });
    // Engines have them in an order of their own.
    return differing.sort(byText(({ source, facts }) => JSON.stringify([source, facts])));
  }
}

/** How a program is executed (`executeRun`). */
type Execute = (
  options: RunOptions,
  session: Session,
  prepared: Prepared,
  at: At,
  drift?: Drift,
) => Promise<RunResult>;

interface At {
  readonly asOf: string;
  readonly runId: string;
}

/** An ordinary run, then one that makes everything anew; the result is the second's, with what it found. */
export async function reconcile(
  options: RunOptions,
  session: Session,
  { asOf, runId }: At,
  execute: Execute,
): Promise<RunResult> {
  const { onEvent, freshness: _later, ...quiet } = options;
  const retries: RunOptions['onEvent'] = (event) => event.event === 'retry' && onEvent?.(event);
  const alone = { ...quiet, onEvent: retries, artifacts: false };
  // Destinations hear of both at once: nobody is told what is taken back a moment later.
  const ordinary = await prepareRun(session, { ...options, asOf, reconcile: false, silent: true });
  const first = await execute(alone, session, ordinary, { asOf, runId });
  if (first.status === 'failed' || first.status === 'cancelled') return first;
  const again = await prepareRun(session, { ...options, asOf, reconcile: true });
  const drift = new Drift();
  const second = await execute(options, session, again, { asOf, runId: options.newRunId() }, drift);
  const keys = [...again.numbering.bindings].map(([key, { definitionNo }]) => [definitionNo, key] as const);
  return { ...second, reconciled: drift.found(runId, second.definitions, new Map(keys)) };
}
