/** Delivers to a destination that is a table of the warehouse: one transaction, whatever there is of messages. */
import { StatementError } from '../dialects/warehouse.js';
import type { Claim } from './claims.js';
import { LOST, NOTHING, type Delivery, type DeliveryOptions } from './courier.js';
import type { Destination } from './destination.js';
import type { Outbox } from './outbox.js';
import { messagesIn, type Selection, type Waiting } from './rows.js';
import { everything } from './whole.js';

/** Somebody else may be writing the same messages. */
class ClaimLost extends Error {}

/**
 * What the warehouse refuses (a schema that is not there, a table of other columns) stops this destination alone, and its messages
 * wait. So they do where the claim was lost by the time they would be there.
 */
export async function deliverInside(
  outbox: Outbox,
  inside: NonNullable<Destination['inside']>,
  selection: Selection,
  waiting: readonly Waiting[],
  { now, signal, onProgress, lost }: DeliveryOptions & Pick<Claim, 'lost'>,
): Promise<Delivery> {
  const messages = messagesIn(waiting);
  if (signal.aborted || messages === 0) return NOTHING;
  try {
    await outbox.write(everything(selection, waiting), inside, now(), () => {
      if (lost()) throw new ClaimLost(LOST);
    });
  } catch (error) {
    if (!(error instanceof StatementError || error instanceof ClaimLost)) throw error;
    return { ...NOTHING, stopped: error.message, lastError: error.message };
  }
  const delivered = { ...NOTHING, delivered: messages };
  onProgress(delivered);
  return delivered;
}
