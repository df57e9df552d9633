import type { DefinitionPlan, RunProgram, SourceLanding } from './plan.js';
import type { Step } from './types.js';

/** A program with every step replaced by what `f` makes of it. */
export function mapSteps(program: RunProgram, f: (step: Step) => Step): RunProgram {
  const all = (steps: readonly Step[]): readonly Step[] => steps.map(f);
  const landing = (land: SourceLanding): SourceLanding => ({
    ...land,
    prepare: all(land.prepare),
    ...(land.check ? { check: f(land.check) } : {}),
    incremental: all(land.incremental),
    full: all(land.full),
    factsIncremental: all(land.factsIncremental),
    factsFull: all(land.factsFull),
    ...(land.audit ? { audit: f(land.audit) } : {}),
  });
  const definition = (plan: DefinitionPlan): DefinitionPlan => ({
    ...plan,
    compute: all(plan.compute),
    publish: all(plan.publish),
    counts: f(plan.counts),
  });
  return {
    ensure: all(program.ensure),
    land: program.land.map(landing),
    identity: all(program.identity),
    shared: all(program.shared),
    definitions: program.definitions.map(definition),
    removed: program.removed.map((r) => ({ ...r, publish: all(r.publish) })),
  };
}
