import type { RunProgram } from '../compiler/program/plan.js';
import { outboxSteps } from '../compiler/program/outbox.js';
import { computedStep } from '../compiler/program/publish.js';
import type { Step } from '../compiler/program/types.js';
import { planTransaction, type Setting, type TransactionPlan } from './transactional.js';

/** The transactions of a run. */
export function transactionsOf(
  program: RunProgram,
  setting: Setting,
): Readonly<Record<'land' | 'shared' | 'publish' | 'messagesAgain', TransactionPlan>> {
  const sources = new Map<Step, string>();
  const landing = program.land.flatMap((plan) => {
    const steps = [
      ...plan.prepare,
      ...plan.incremental,
      ...plan.full,
      ...plan.factsIncremental,
      ...plan.factsFull,
    ];
    for (const step of steps) sources.set(step, plan.source);
    return steps;
  });
  const outbox = outboxSteps(
    setting.state,
    program.definitions.flatMap(({ ways }) => ways),
  );
  const { ways, baseline, find, queue, entities, connect } = outbox;
  // What was before the run is found by the ways, which are made again after.
  const messages = [
    ...(baseline.length > 0 ? [...ways, ...baseline] : []),
    ...[ways, find, queue, entities, connect].flat(),
  ];
  const { identity, identityByTime, shared, sharedAnew } = program;
  const identities = [identity, ...(identityByTime ? [identityByTime] : [])];
  return {
    land: planTransaction(
      [...landing, ...identities.flatMap(({ find, handOver, done }) => [...find, ...handOver, ...done])],
      setting,
      (step) => sources.get(step),
    ),
    shared: planTransaction([...shared, ...(shared === sharedAnew ? [] : sharedAnew)], setting),
    publish: planTransaction(
      [
        computedStep([]),
        ...program.publish.diff,
        ...program.publish.apply,
        ...messages,
        ...program.removed.flatMap((removed) => removed.publish),
      ],
      setting,
    ),
    messagesAgain: planTransaction([...messages, ...messages], setting),
  };
}
