/** What each kind of destination takes, as data. Settings of the same names go before. */
import type { Destination as DestinationDefinition } from '../../models/definition.js';
import type { Limits } from '../destination.js';
import { numberSetting } from '../settings.js';

const KB = 1024;
const MB = 1024 * KB;

export const LIMITS = {
  /** What is sent is on the disk; nothing is gained by more at a time. */
  file: { batchSize: 1000, concurrency: 1, retries: 0 },
  /** Bytes: what most receivers take; a batch is cut earlier rather than refused whole. */
  webhook: { batchSize: 100, maxPayloadBytes: 4 * MB, concurrency: 1, retries: 4 },
  /** 32 KB an event, 500 KB a request; what is around the events has its room in the rest. */
  segment: {
    batchSize: 2500,
    maxPayloadBytes: 480 * KB,
    maxMessageBytes: 32 * KB,
    concurrency: 1,
    retries: 4,
  },
  rudderstack: {
    batchSize: 2500,
    maxPayloadBytes: 480 * KB,
    maxMessageBytes: 32 * KB,
    concurrency: 1,
    retries: 4,
  },
  /** Nothing crosses: one transaction has them all. */
  table: { batchSize: 1, concurrency: 1, retries: 0 },
  /** What an action says of its batches, and the table of rates, go before. */
  action: { batchSize: 10_000, concurrency: 1, retries: 4 },
} as const satisfies Readonly<Record<string, Limits>>;

/** The limits of a kind of destination, as its settings change them. A list's batches are of one list and one direction. */
export function limitsOf(kind: keyof typeof LIMITS, { settings, list }: DestinationDefinition): Limits {
  const limits: Limits = LIMITS[kind];
  const rate = numberSetting(settings, 'requests_per_second') ?? limits.requestsPerSecond;
  return {
    ...limits,
    ...(rate === undefined ? {} : { requestsPerSecond: rate }),
    ...(list ? { groupBy: ['definition', 'value'] } : {}),
    batchSize: numberSetting(settings, 'batch_size', limits.batchSize),
    concurrency: numberSetting(settings, 'concurrency', limits.concurrency),
    retries: numberSetting(settings, 'retries', limits.retries),
  };
}
