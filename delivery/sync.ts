/** `sync`: what waits in the outbox goes to its destinations, and what became of it is recorded. */
import type { Context } from '@opentelemetry/api';
import type { Diagnostic, ExitCode } from '../compiler/diagnostics/index.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Leases } from '../dialects/leases.js';
import { sleep, type Sleep } from '../dialects/retry.js';
import type { Warehouse } from '../dialects/warehouse.js';
import type { Destination as DestinationDefinition, Spans } from '../models/definition.js';
import { durationMicros } from '../models/algebra.js';
import { parseInstant } from '../models/instant.js';
import { NOTHING, type Delivery, type Totals } from './courier.js';
import { deliver } from './deliver.js';
import type { Destination, OpenContext } from './destination.js';
import { shaping } from './hashing.js';
import { memoryOf } from './memory.js';
import { Outbox } from './outbox.js';
import { destinationType, place, throwBadSettings } from './registry.js';
import { messagesIn, type Selection } from './rows.js';
import type { Backoff } from './send.js';
import { tracedDestination, tracedSync } from './tracing.js';

export interface SyncOptions {
  /** Open for writing. */
  readonly warehouse: Warehouse;
  /** To claim what it delivers; absent: nobody else can be at it, as the lock of the database is held. */
  readonly leases?: () => Promise<Leases | undefined>;
  readonly dialect: Dialect;
  readonly state: StateSchema;
  readonly destinations: readonly DestinationDefinition[];
  readonly projectDir: string;
  /** The present, as an ISO 8601 instant in UTC. */
  readonly now: () => string;
  /** Only these destinations and these definitions' messages; absent: all. */
  readonly select?: {
    readonly destinations?: ReadonlySet<string>;
    readonly definitions?: ReadonlySet<string>;
  };
  /** Definitions whose way to a destination is paused, by its key: their messages wait. */
  readonly paused?: ReadonlyMap<string, readonly string[]>;
  readonly spans?: Spans;
  readonly signal?: AbortSignal;
  /** Makes files of rows; absent: a destination that wants them stops. */
  readonly writeRows?: OpenContext['writeRows'];
  readonly onEvent?: (event: SyncEvent) => void;
  /** For how long destinations that another process is at are waited for, in milliseconds; absent: they are left alone. */
  readonly wait?: { readonly ms: number; readonly onWait?: (destination: string) => void };
  /** Waits, before a statement that failed is tried again too; the timer of Node unless a test says otherwise. */
  readonly sleep?: Sleep;
  /** Waits between attempts; a test shortens them. */
  readonly backoff?: Backoff;
  /** Messages between two recordings; a test makes it small. */
  readonly pageSize?: number;
}

/**
 * `stopped`: it refused us, or was down, and what is left waits for the next sync. `disabled`: it keeps its
 * messages. `failed`: it went through, and some messages failed or were rejected. `busy`: another process is at it.
 * `not_due`: it was sent something less than `every` ago.
 */
export type DestinationStatus =
  'succeeded' | 'failed' | 'stopped' | 'disabled' | 'busy' | 'not_due' | 'cancelled';

export interface DestinationResult extends Totals {
  readonly key: string;
  readonly type: string;
  readonly status: DestinationStatus;
  /** A path or an address, without secrets; null when it was not opened. */
  readonly where: string | null;
  /** Messages that still wait. */
  readonly waiting: number;
  readonly duration_ms: number;
  readonly error: string | null;
}

export interface SyncResult {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly destinations: readonly DestinationResult[];
  readonly diagnostics: readonly Diagnostic[];
  /** 0, or 1 when some message was not delivered. */
  readonly exit: ExitCode;
}

export type SyncEvent = { readonly at: string; readonly destination: string } & (
  | {
      readonly event: 'destination_started';
      readonly type: string;
      readonly where: string;
      readonly waiting: number;
    }
  | ({ readonly event: 'destination_progress'; readonly waiting: number } & Totals)
  | ({ readonly event: 'destination_finished' } & Omit<DestinationResult, 'key'>)
);

/**
 * Delivers what waits, one destination after another; one that fails does not hold up the others. Throws
 * `UserError` (exit 2) before anything is sent when a selected destination's settings cannot be used.
 */
export async function syncDestinations(options: SyncOptions): Promise<SyncResult> {
  const chosen = chosenOf(options);
  return tracedSync((below) => syncAll(chosen, options, below));
}

async function syncAll(
  chosen: readonly DestinationDefinition[],
  options: SyncOptions,
  below: Context,
): Promise<SyncResult> {
  const outbox = new Outbox(options);
  const exists = await outbox.exists();
  const results: DestinationResult[] = [];
  const one: SyncsOne = (definition) =>
    tracedDestination(definition, below, () => syncOne(definition, outbox, options));
  for (const definition of chosen) {
    if (options.signal?.aborted) break;
    results.push(exists ? await one(definition) : idle(definition, 0));
  }
  await comeBack(results, chosen, one, options);
  const cancelled = options.signal?.aborted === true;
  if (exists && !cancelled) await outbox.sweep();
  const failed = results.some((r) => r.status === 'failed' || r.status === 'stopped');
  return {
    status: cancelled ? 'cancelled' : failed ? 'failed' : 'succeeded',
    destinations: results,
    diagnostics: results.flatMap((r) => diagnosticsOf(r, options)),
    exit: cancelled || failed ? 1 : 0,
  };
}

type SyncsOne = (definition: DestinationDefinition) => Promise<DestinationResult>;

/** So long after a destination was found busy it is asked again. */
const LOOK_AGAIN_MS = 2_000;

/** Goes to destinations that others were at again, for as long as they may be waited for; what came of it takes the place of `busy`. */
async function comeBack(
  results: DestinationResult[],
  chosen: readonly DestinationDefinition[],
  one: SyncsOne,
  { wait, signal, sleep: pause = sleep }: SyncOptions,
): Promise<void> {
  let left = wait?.ms ?? 0;
  const busy = (): readonly DestinationDefinition[] =>
    chosen.filter(({ key }) => results.some((result) => result.key === key && result.status === 'busy'));
  for (const { key } of left > 0 ? busy() : []) wait?.onWait?.(key);
  while (left > 0 && busy().length > 0) {
    const ms = Math.min(left, LOOK_AGAIN_MS);
    left -= ms;
    await pause(ms, signal).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
    for (const definition of busy()) {
      if (signal?.aborted) return;
      const again = await one(definition);
      results[results.findIndex(({ key }) => key === definition.key)] = again;
    }
  }
}

/** The destinations that are meant; throws `UserError` where the settings of one cannot be used. */
export function chosenOf({ destinations, select, spans }: SyncOptions): readonly DestinationDefinition[] {
  const chosen = destinations.filter((d) => select?.destinations?.has(d.key) ?? true);
  throwBadSettings(chosen, spans);
  return chosen;
}

async function syncOne(
  definition: DestinationDefinition,
  outbox: Outbox,
  options: SyncOptions,
): Promise<DestinationResult> {
  const started = Date.parse(options.now());
  const selection = selectionOf(definition, options);
  const waiting = options.select?.definitions?.size === 0 ? [] : await outbox.waiting(selection);
  const total = messagesIn(waiting);
  if (total === 0 || !definition.enabled) return idle(definition, total);
  if (!(await isDue(definition, outbox, options.now()))) return idle(definition, total, 'not_due');

  const emit = emitter(definition.key, options);
  let destination: Destination | undefined;
  let delivery: Delivery | undefined;
  const leases = await options.leases?.();
  try {
    destination = await openDestination(definition, options);
    emit({ event: 'destination_started', type: definition.type, where: destination.where, waiting: total });
    delivery = await deliver(
      { outbox, destination, selection, waiting, leases },
      {
        now: options.now,
        signal: options.signal ?? new AbortController().signal,
        onProgress: (t) => emit({ event: 'destination_progress', waiting: total - settled(t), ...t }),
        ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
        ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
      },
    );
  } catch (error) {
    if (destination !== undefined) throw error; // the warehouse failed, and would for the others
    const reason = error instanceof Error ? error.message : String(error);
    delivery = { ...NOTHING, stopped: reason, lastError: reason };
  } finally {
    await destination?.close();
  }
  const { stopped, lastError, ...totals }: Delivery = delivery ?? NOTHING;
  // Others deliver too, and what was tried may be superseded or dead.
  const recount = delivery === undefined || leases !== undefined || waiting.some((w) => !w.fresh);
  const outcome = {
    type: definition.type,
    status: delivery === undefined ? 'busy' : statusOf(delivery, options.signal),
    where: destination?.where ?? null,
    ...totals,
    waiting:
      recount && options.signal?.aborted !== true
        ? messagesIn(await outbox.waiting(selection))
        : total - settled(totals),
    duration_ms: Date.parse(options.now()) - started,
    error: stopped ?? lastError ?? null,
  } as const;
  emit({ event: 'destination_finished', ...outcome });
  return { key: definition.key, ...outcome };
}

/** Which messages of a destination are meant. */
export function selectionOf({ key }: DestinationDefinition, { select, paused }: SyncOptions): Selection {
  const { definitions } = select ?? {};
  return {
    destination: key,
    ...(definitions === undefined ? {} : { definitions: [...definitions] }),
    ...(paused?.has(key) && { except: paused.get(key) ?? [] }),
  };
}

/** Messages that do not wait any more. */
const settled = ({ delivered, rejected, filtered }: Totals): number => delivered + rejected + filtered;

/** Opens a destination, with what happens to its messages on the way. */
export async function openDestination(
  definition: DestinationDefinition,
  options: SyncOptions,
): Promise<Destination> {
  const type = destinationType(definition.type);
  if (type === undefined) throw new Error(`no destination type ${definition.type}`);
  const { projectDir, now, writeRows } = options;
  const destination = await type.open({
    definition,
    projectDir,
    now,
    schema: options.state.schema,
    memory: memoryOf(options, definition.key),
    ...(writeRows && { writeRows }),
  });
  return shaping(destination, definition);
}

/** Whether a destination takes messages by now: one that says `every` does so long after it was last sent any. */
export async function isDue(
  { key, every }: DestinationDefinition,
  outbox: Outbox,
  now: string,
): Promise<boolean> {
  if (!every) return true;
  const last = parseInstant((await outbox.lastTried(key)) ?? '');
  return last === undefined || last + durationMicros(every) <= (parseInstant(now) ?? 0n);
}

/** A destination there is nothing to do for. */
function idle(
  definition: DestinationDefinition,
  waiting: number,
  enabled: DestinationStatus = 'succeeded',
): DestinationResult {
  const status = definition.enabled ? enabled : 'disabled';
  const { key, type } = definition;
  return { key, type, status, where: null, ...NOTHING, waiting, duration_ms: 0, error: null };
}

function statusOf({ stopped, failed, rejected }: Delivery, signal?: AbortSignal): DestinationStatus {
  if (signal?.aborted) return 'cancelled';
  if (stopped !== undefined) return 'stopped';
  return failed > 0 || rejected > 0 ? 'failed' : 'succeeded';
}

type Body<T> = T extends unknown ? Omit<T, 'at' | 'destination'> : never;

function emitter(destination: string, { now, onEvent }: SyncOptions): (event: Body<SyncEvent>) => void {
  return (event) => onEvent?.({ at: now(), destination, ...event });
}

function diagnosticsOf(result: DestinationResult, options: SyncOptions): readonly Diagnostic[] {
  const { key, status, failed, rejected, waiting, error } = result;
  if (status !== 'failed' && status !== 'stopped') return [];
  const definition = options.destinations.find((d) => d.key === key);
  const counts = [
    ...(rejected > 0 ? [`${rejected} rejected for good`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(waiting > 0 ? [`${waiting} kept for the next sync`] : []),
  ].join(', ');
  const what = status === 'stopped' ? 'stopped' : 'did not take every message';
  return [
    {
      code: 'delivery-failed',
      severity: 'error',
      message: `destination "${key}" ${what}${error === null ? '' : `: ${error}`} (${counts})`,
      ...(definition === undefined ? {} : place(definition, options.spans)),
    },
  ];
}
