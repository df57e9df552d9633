/**
 * `retire`: what is left to do about a key whose definition was removed. Its exits may be sent after all, and
 * the key may be freed for a definition that starts anew.
 */
import { UserError } from '../compiler/diagnostics/index.js';
import { noEntities, stageSteps } from '../compiler/program/run.js';
import { noAccountUsers } from '../compiler/program/accounts.js';
import { outboxSteps, queues } from '../compiler/program/outbox.js';
import type { OutboxWay } from '../compiler/program/outbox-link.js';
import type { Step } from '../compiler/program/types.js';
import { audienceViewName } from '../compiler/program/views.js';
import { messageTypes, type Destination } from '../models/definition.js';
import type { Params } from '../dialects/dialect.js';
import type { RetireOptions, RetireResult } from './queries-api.js';
import { readState, type DefinitionRow, type StoredState } from './existing.js';
import { Executor } from './executor.js';
import { fenceOf } from './fence.js';
import { isoOf, microsOf } from './instants.js';
import { unknownKey } from './keys.js';
import type { RenderedStep } from './render.js';
import { numberDefinitions } from './numbering.js';
import { sleep } from './retry.js';
import { stub } from './stub.js';
import { commonParams, type Bindings } from './script.js';
import { withSession, type Session } from './session.js';
import { Store } from './store.js';
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
    const store = new Store(session.state);
    const executor = new Executor({
      session,
      store,
      runId,
      sleep: options.sleep ?? sleep,
      fence: fenceOf(session, runId, () => stored.runs.last?.runNo),
      onRetry: () => undefined,
    });
    const exits = sendExits ? exitSteps(store, session, stored, row, { ...options, runId }) : [];
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

const misuse = (message: string, hint?: string): UserError =>
  new UserError({
    code: 'invalid-argument',
    severity: 'error',
    message,
    ...(hint !== undefined && { hint }),
  });

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
  store: Store,
  session: Session,
  stored: StoredState,
  row: DefinitionRow,
  { runId, invocation }: { readonly runId: string; readonly invocation: string },
): readonly BoundStep[] {
  const now = isoOf(microsOf(session.now()));
  const bindings: Bindings = {
    // The exits happened when the definition was removed; runs after it may have any as_of.
    asOf: row.retiredAt ?? stored.runs.lastPublished?.asOf ?? now,
    runId,
    runNo: (stored.runs.last?.runNo ?? 0) + 1,
    startedAt: now,
    definitions: numberDefinitions(stored, []).bindings,
    watermarks: new Map(),
  };
  const run = store.beginRun({
    run_id: runId,
    // Not the exits' own instant: the next run is compared with this one.
    as_of: stored.runs.lastPublished?.asOf ?? now,
    status: 'succeeded',
    started_at: now,
    finished_at: now,
    invocation,
    run_no: bindings.runNo,
    error: null,
  });
  // An empty stage: nobody has what was removed, so nobody's accounts matter.
  const first = [run, ...stageSteps(), noEntities(), noAccountUsers()];
  const params = commonParams(bindings);
  const { destinations } = session.project;
  const to = destinations.flatMap((destination) => wayTo(destination, row, session, stored));
  if (to.length === 0) return first.map(silent);
  const { ways, find, queue, entities } = outboxSteps(session.state, to);
  return [
    ...first.map(silent),
    ...[ways, find, queue, entities].flat().map((step) => ({ step, params, queues: queues(step) })),
  ];
}

function wayTo(
  destination: Destination,
  row: DefinitionRow,
  session: Session,
  { existing }: StoredState,
): readonly OutboxWay[] {
  const definition = stub(row);
  const types = messageTypes(definition, {}, destination);
  if (!destination.enabled || types.length === 0) return [];
  const told = existing.entityConnections.get(`${destination.key}\u0000${row.key}`);
  const entities = told && types.includes('track') && { names: told, added: [], fromNow: [] };
  const link = { destination, types, isNew: false, fromNow: false, ...(entities && { entities }) };
  const namespace = session.project.config.name;
  return [{ definition, definitionNo: row.definitionNo, namespace, link }];
}
