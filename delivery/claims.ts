/**
 * Which lanes of a destination this process delivers. Where a database belongs to one process that is all of them. Elsewhere it
 * claims them by leases, so that several processes share the work of a destination that takes several requests at a time,
 * and one that takes one, or keeps to a rate, or shows a sync whole, is one process's at a time.
 */
import type { HeldLease, Leases } from '../dialects/leases.js';
import { firstGap } from '../dialects/ranges.js';
import type { Destination } from './destination.js';
import { ALL_LANES, type Lanes } from './rows.js';

/** A lease is of about so many messages at least, and of a sixteenth of them at most. */
const PIECE = 20_000;
const MOST_PIECES = 16;

/** Lanes that are ours until they are given back. */
export interface Claim {
  readonly lanes: Lanes;
  /** How many processes deliver to the destination, this one among them. */
  readonly processes: number;
  /** Whether somebody else may have taken them over. */
  readonly lost: () => boolean;
  readonly release: () => Promise<void>;
}

const ALONE: Claim = {
  lanes: ALL_LANES,
  processes: 1,
  lost: () => false,
  release: () => Promise.resolve(),
};

/** Whether only one process at a time may deliver to it. */
const isExclusive = (destination: Destination): boolean => {
  const { requestsPerSecond, concurrency } = destination.limits;
  return 'commit' in destination || requestsPerSecond !== undefined || concurrency === 1;
};

/**
 * Claims, one after another, until all lanes had their turn; each is to be released before the next is asked for. It ends earlier
 * where others hold what is left.
 *
 * @param messages how many wait
 */
export async function* claimsOf(
  leases: Leases | undefined,
  key: string,
  destination: Destination,
  messages: number,
): AsyncGenerator<Claim> {
  if (leases === undefined) {
    yield ALONE;
    return;
  }
  const exclusive = isExclusive(destination);
  const pieces = exclusive ? 1 : Math.min(MOST_PIECES, Math.ceil(messages / PIECE));
  const width = Math.ceil(ALL_LANES.to / Math.max(1, pieces));
  const done: Lanes[] = [];
  for (;;) {
    const lease = await leases.claim(`destination ${key}`, (taken) =>
      firstGap(ALL_LANES, [...taken, ...done], width),
    );
    if (lease === undefined || (exclusive && !isWhole(lease))) {
      await lease?.release();
      return;
    }
    const { range, others, lost, release } = lease;
    yield { lanes: range, processes: others + 1, lost, release };
    done.push(range);
  }
}

const isWhole = ({ range }: HeldLease): boolean => range.from === ALL_LANES.from && range.to === ALL_LANES.to;
