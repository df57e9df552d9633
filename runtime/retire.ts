/**
 * `retire`: what is left to do about a key whose definition was removed. Its exits may be sent after all, and
 * the key may be freed for a definition that starts anew.
 */
import { misuse } from '../compiler/diagnostics/index.js';
import { noEntities, stageSteps } from '../compiler/program/run.js';
import { noAccountUsers } from '../compiler/program/accounts.js';
import { outboxSteps, queues } from '../compiler/program/outbox.js';
import { wayKey } from '../compiler/program/outbox-link.js';
import type { Step } from '../compiler/program/types.js';
import { audienceViewName } from '../compiler/program/views.js';
import type { Params } from '../dialects/dialect.js';
import { aside, wayTo, type Aside } from './aside.js';
import type { RetireOptions, RetireResult } from './queries-api.js';
import { readState, type DefinitionRow, type StoredState } from './existing.js';
import { unknownKey } from './keys.js';
import { linksTold, type LinksTold } from './links-told.js';
import type { RenderedStep } from './render.js';
import { numberDefinitions } from './numbering.js';
import { stub } from './stub.js';
import { commonParams } from './script.js';
import { withSession, type Session } from './session.js';
import type { Store } from './store.js';
import { planTransaction } from './transactional.js';

/** Sends the exits of a removed definition, frees its key, or both in this order (see `Retire`). */
export async function retire(options: RetireOptions): Promise<RetireResult> {
  const { key, release = false, sendExits = false } = options;
  if (!release && !sendExits) throw misuse('say what to do: --release, --send-exits or both');
  const runId = options.newRunId();
  const owner = { runId, command: options.invocation };
  return withSession(options, { mode: 'write', owner }, async (session) => {
    const stored = await readState(session);
    const row = removedRow(stored, session, key);
    const own = aside(session, stored, { ...options, runId });
    const { store, executor } = own;
    const exits = sendExits
      ? exitSteps(own, session, stored, row, await linksTold(session, stored, [key]))
      : [];
    const freed = (release ? freeSteps(store, session, stored, row) : []).map(silent);
    const steps = [...exits, ...freed];
    const plan = planTransaction(
      steps.map(({ step }) => step),
      { capabilities: session.dialect.capabilities, state: session.state, existing: stored.existing },
    );
    const render = (some: readonly Step[], params: Params = {}): RenderedStep[] =>
      some.map((step) => executor.render(step, params));
    const around = { before: render(plan.before), after: render(plan.after) };
    const messages = await executor.transaction(async () => {
      let queued = 0;
      for (const { step, params, queues } of steps) {
        const changed = await executor.run(render(plan.within(step), params));
        if (queues) queued += changed;
      }
      return queued;
    }, around);
    return { key, released: release, messages };
  });
}

function removedRow(stored: StoredState, session: Session, key: string): DefinitionRow {
  const row = stored.definitions.get(key);
  if (row?.status === 'removed') return row;
  if (row) {
    const inProject = session.project.definitions.some((d) => d.key === key);
    throw misuse(
      `${key} was not removed`,
      inProject ? 'remove its file and run the project first' : 'run the project once without --select first',
    );
  }
  throw unknownKey(key, [...stored.definitions.keys()]);
}

/**
 * Forgets everything said under the key but what destinations were told: a new definition must still take
 * back what the old one left there.
 */
function freeSteps(
  store: Store,
  { state }: Session,
  stored: StoredState,
  { key, definitionNo }: DefinitionRow,
): readonly Step[] {
  const view = audienceViewName(key);
  const steps: Step[] = [
    ...(['member_state', 'exit_state', 'trait_state', 'entity_state'] as const)
      .filter((table) => stored.existing.tables.has(table))
      .map((table) => store.deleteWhere(table, 'definition_no', definitionNo, `retire.${table}`)),
    store.deleteWhere('snapshots', 'definition_key', key, 'retire.snapshots'),
    ...(['connections', 'entity_connections'] as const)
      .filter((table) => stored.existing.tables.has(table))
      .map((table) => store.deleteWhere(table, 'definition_key', key, `retire.${table}`)),
    store.deleteWhere('definitions', 'key', key, 'retire.definitions'),
    ...store.writeMeta({ next_definition_no: String(numberDefinitions(stored, []).next) }, 'retire.meta'),
  ];
  if (stored.existing.tables.has(view)) {
    steps.push({
      op: 'drop',
      table: state.ref(view),
      object: 'view',
      id: 'retire.view',
      title: 'Drop the view',
    });
  }
  return steps;
}

/** A step with what it is rendered with; and whether the rows it changes are messages. */
interface BoundStep {
  readonly step: Step;
  readonly params: Params;
  readonly queues: boolean;
}

const silent = (step: Step): BoundStep => ({ step, params: {}, queues: false });

/** Queues the ends of all that destinations were told of the key. */
function exitSteps(
  { begin, bindings }: Aside,
  session: Session,
  { existing }: StoredState,
  row: DefinitionRow,
  links: LinksTold,
): readonly BoundStep[] {
  // An empty stage: nobody has what was removed, so nobody's accounts matter.
  const first = [begin, ...stageSteps(), noEntities(), noAccountUsers()];
  // The exits happened when the definition was removed; runs after it may have any as_of.
  const params = commonParams({ ...bindings, asOf: row.retiredAt ?? bindings.asOf });
  const from = { definition: stub(row), definitionNo: row.definitionNo };
  const to = session.project.destinations
    .filter(({ enabled }) => enabled)
    .flatMap((destination) => {
      const link = links.get(wayKey(destination.key, row.key)) ?? {};
      return wayTo(session, existing, destination, { ...from, link });
    });
  if (to.length === 0) return first.map(silent);
  const { ways, find, queue, entities } = outboxSteps(session.state, to);
  return [
    ...first.map(silent),
    ...[ways, find, queue, entities].flat().map((step) => ({ step, params, queues: queues(step) })),
  ];
}
