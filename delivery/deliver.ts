/** One delivery to a destination that is open: what of its messages is ours is claimed, and goes the way that the destination takes. */
import type { Leases } from '../dialects/leases.js';
import { claimsOf, type Claim } from './claims.js';
import { Courier, type Delivery, type DeliveryOptions } from './courier.js';
import type { Destination } from './destination.js';
import { deliverInside } from './inside.js';
import type { Outbox } from './outbox.js';
import { messagesIn, type Selection, type Waiting } from './rows.js';
import { deliverWhole } from './whole.js';

interface Work {
  readonly outbox: Outbox;
  readonly destination: Destination;
  readonly selection: Selection;
  readonly waiting: readonly Waiting[];
  readonly leases: Leases | undefined;
}

/** Claims and delivers; undefined where nothing could be claimed, as others are at it. */
export async function deliver(work: Work, options: DeliveryOptions): Promise<Delivery | undefined> {
  const { outbox, destination, selection, leases } = work;
  const courier = new Courier(outbox, destination, options);
  let delivery: Delivery | undefined;
  for await (const claim of claimsOf(leases, selection.destination, destination, messagesIn(work.waiting))) {
    try {
      const waiting = await waitingOf(work, claim, options.now);
      if (commits(destination)) {
        if (waiting.length === 0) return courier.result;
        const { inside } = destination;
        const held = { ...options, lost: claim.lost };
        if (inside) return await deliverInside(outbox, inside, selection, waiting, held);
        return await deliverWhole(outbox, destination, selection, waiting, held);
      }
      await courier.deliver(selection, waiting, claim);
    } finally {
      await claim.release();
    }
    delivery = courier.result;
    if (courier.over()) break;
  }
  return delivery;
}

/**
 * What waits in the lanes of a claim: another process may have delivered some before they were ours. What failed before, and
 * has been overtaken since, waits no more.
 */
async function waitingOf(
  { outbox, selection, waiting, leases }: Work,
  { lanes }: Claim,
  now: () => string,
): Promise<readonly Waiting[]> {
  const ours = leases === undefined ? waiting : await outbox.waiting(selection, lanes);
  if (ours.every((w) => w.fresh)) return ours;
  await outbox.supersede(selection, lanes, now());
  return outbox.waiting(selection, lanes);
}

function commits(destination: Destination): destination is Destination & { commit(): Promise<void> } {
  return destination.commit !== undefined;
}
