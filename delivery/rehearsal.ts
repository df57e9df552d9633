/** `sync --dry-run`: what a sync would send, and how long the pace of its destinations makes that take. Nothing is sent or written. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { Destination as DestinationDefinition } from '../models/definition.js';
import type { JsonTree } from '../models/json-text.js';
import { readObject } from '../models/source/tree.js';
import type { Limits, OutboxMessage } from './destination.js';
import { shaped } from './hashing.js';
import { Outbox, type Kind } from './outbox.js';
import { place } from './registry.js';
import { messagesIn } from './rows.js';
import {
  chosenOf,
  isDue,
  openDestination,
  selectionOf,
  type DestinationStatus,
  type SyncOptions,
} from './sync.js';

/** Messages shown of each kind. */
const SAMPLE = 3;

/** Messages of one definition and type. */
export interface RehearsedKind extends Kind {
  /** The first of them, as the destination would get them; those it would not get are left out. */
  readonly sample: readonly JsonTree[];
}

export interface Rehearsed {
  readonly key: string;
  readonly type: string;
  /** `succeeded`: it would be sent what waits. */
  readonly status: Extract<DestinationStatus, 'succeeded' | 'stopped' | 'disabled' | 'not_due'>;
  readonly where: string | null;
  readonly waiting: number;
  /** The fewest requests that takes. */
  readonly requests: number;
  /** How long its rate makes them take at least; null where nothing but its answers holds it up. */
  readonly seconds: number | null;
  readonly messages: readonly RehearsedKind[];
}

export interface Rehearsal {
  readonly destinations: readonly Rehearsed[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Looks at what waits; one destination that cannot be opened does not hold up the others. Throws `UserError` (exit 2) when a
 * selected destination's settings cannot be used.
 */
export async function rehearse(options: SyncOptions): Promise<Rehearsal> {
  const chosen = chosenOf(options);
  const outbox = new Outbox(options);
  const exists = await outbox.exists();
  const destinations: Rehearsed[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const definition of chosen) {
    try {
      destinations.push(exists ? await one(definition, outbox, options) : nothing(definition, []));
    } catch (error) {
      if (!(error instanceof Unopened)) throw error;
      destinations.push({ ...nothing(definition, error.kinds), status: 'stopped' });
      diagnostics.push({
        code: 'delivery-failed',
        severity: 'error',
        message: `destination "${definition.key}" cannot be opened: ${error.message}`,
        ...place(definition, options.spans),
      });
    }
  }
  return { destinations, diagnostics };
}

/** A destination that refuses to be opened, though messages wait for it. */
class Unopened extends Error {
  constructor(
    readonly kinds: readonly Kind[],
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function one(
  definition: DestinationDefinition,
  outbox: Outbox,
  options: SyncOptions,
): Promise<Rehearsed> {
  const selection = selectionOf(definition, options);
  const kinds = options.select?.definitions?.size === 0 ? [] : await outbox.kinds(selection);
  if (kinds.length === 0 || !definition.enabled) return nothing(definition, kinds);
  const due = await isDue(definition, outbox, options.now());
  const sample = await outbox.sample(selection, SAMPLE);
  const destination = await openDestination(definition, options).catch((error: unknown) => {
    throw new Unopened(kinds, error);
  });
  try {
    const requests = requestsOf(kinds, destination.limits);
    const rate = destination.limits.requestsPerSecond;
    return {
      ...nothing(definition, kinds),
      status: due ? 'succeeded' : 'not_due',
      where: destination.where,
      requests,
      seconds: rate === undefined ? null : Math.max(0, requests - 1) / rate,
      messages: kinds.map((kind) => ({ ...kind, sample: shown(sample, kind, definition) })),
    };
  } finally {
    await destination.close();
  }
}

const shown = (
  sample: readonly OutboxMessage[],
  { definition, type }: Kind,
  destination: DestinationDefinition,
): readonly JsonTree[] => {
  const { hash, identifierNames } = destination;
  return sample
    .filter((message) => message.definition === definition && message.type === type)
    .flatMap((message) => (hash || identifierNames ? (shaped(message, destination) ?? []) : message))
    .map(({ payload }) => readObject(payload));
};

/** Batches are full but for the last of each group; sizes in bytes may make more of them. */
function requestsOf(kinds: readonly Kind[], { batchSize, groupBy = [] }: Limits): number {
  if (groupBy.includes('messageId')) return messagesIn(kinds);
  const groups = new Map<string, number>();
  for (const kind of kinds) {
    const group = JSON.stringify(
      groupBy.map((by) => (by === 'definition' ? kind.definition : by === 'type' ? kind.type : '')),
    );
    groups.set(group, (groups.get(group) ?? 0) + kind.messages);
  }
  return [...groups.values()].reduce((all, messages) => all + Math.ceil(messages / batchSize), 0);
}

function nothing({ key, type, enabled }: DestinationDefinition, kinds: readonly Kind[]): Rehearsed {
  return {
    key,
    type,
    status: enabled ? 'succeeded' : 'disabled',
    where: null,
    waiting: messagesIn(kinds),
    requests: 0,
    seconds: null,
    messages: kinds.map((kind) => ({ ...kind, sample: [] })),
  };
}
