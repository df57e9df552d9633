/**
 * A run beside the program's: `forget` and `retire` change state by a few steps of their own, under a run number of their
 * own, and may queue messages the ways that definitions went.
 */
import { ADDRESSES } from '../compiler/program/addresses.js';
import { tookBack } from '../compiler/program/links.js';
import { wayKey, type OutboxWay } from '../compiler/program/outbox-link.js';
import type { ExistingState } from '../compiler/program/plan.js';
import type { Step } from '../compiler/program/types.js';
import {
  messageTypes,
  type Definition,
  type Destination,
  type DestinationLink,
} from '../models/definition.js';
import type { StoredState } from './existing.js';
import { Executor } from './executor.js';
import { fenceOf } from './fence.js';
import { isoOf, microsOf } from './instants.js';
import { numberDefinitions } from './numbering.js';
import { sleep, type Sleep } from './retry.js';
import type { Bindings } from './script.js';
import type { Session } from './session.js';
import { Store } from './store.js';

/** Who asks, and how a failure that may pass is waited for. */
export interface AsideOptions {
  readonly runId: string;
  readonly invocation: string;
  readonly sleep?: Sleep;
}

/** What such a run is made of. */
export interface Aside {
  readonly store: Store;
  readonly executor: Executor;
  /** Its `as_of` is the last published run's: the next run is compared with it. */
  readonly bindings: Bindings;
  /** Writes the run down, as one that succeeded. */
  readonly begin: Step;
}

/** Prepares a run beside the program's; nothing is written yet. */
export function aside(
  session: Session,
  stored: StoredState,
  { runId, invocation, ...options }: AsideOptions,
): Aside {
  const { runs } = stored;
  const store = new Store(session.state);
  const executor = new Executor({
    session,
    store,
    runId,
    sleep: options.sleep ?? sleep,
    fence: fenceOf(session, runId, () => runs.last?.runNo),
    onRetry: () => undefined,
  });
  const now = isoOf(microsOf(session.now()));
  const bindings: Bindings = {
    asOf: runs.lastPublished?.asOf ?? now,
    runId,
    runNo: (runs.last?.runNo ?? 0) + 1,
    startedAt: now,
    definitions: numberDefinitions(stored, []).bindings,
    watermarks: new Map(),
  };
  const begin = store.beginRun({
    run_id: runId,
    as_of: bindings.asOf,
    status: 'succeeded',
    started_at: now,
    finished_at: now,
    invocation,
    run_no: bindings.runNo,
    error: null,
  });
  return { store, executor, bindings, begin };
}

/** A definition as far as its messages need it. */
export interface Sender {
  readonly definition: Definition;
  readonly definitionNo: number;
  readonly link: Pick<DestinationLink, 'send'>;
}

/**
 * The way of a definition to a destination, for all that went it before.
 *
 * @returns none where no type of message is left to send
 */
export function wayTo(
  session: Session,
  existing: ExistingState,
  destination: Destination,
  { definition, definitionNo, link }: Sender,
): readonly OutboxWay[] {
  const types = messageTypes(definition, link, destination);
  if (types.length === 0) return [];
  const told = existing.entityConnections.get(wayKey(destination.key, definition.key)) ?? [];
  const entities = told.length > 0 &&
    types.includes('track') && { entities: { names: told, added: [], fromNow: [] } };
  return [
    {
      definition,
      definitionNo,
      namespace: session.project.config.name,
      link: {
        destination,
        types,
        isNew: false,
        fromNow: false,
        addresses: existing.tables.has(ADDRESSES),
        takenBack: tookBack(existing),
        ...entities,
      },
    },
  ];
}
