/** Delivers to a destination that is a table of the warehouse: one transaction, whatever there is of messages. */
import { StatementError } from '../dialects/warehouse.js';
import { NOTHING, type Delivery, type DeliveryOptions } from './courier.js';
import type { Destination } from './destination.js';
import type { Outbox } from './outbox.js';
import { messagesIn, type Selection, type Waiting } from './rows.js';
import { everything } from './whole.js';

/** What the warehouse refuses (a schema that is not there, a table of other columns) stops this destination alone, and its messages wait. */
export async function deliverInside(
  outbox: Outbox,
  inside: NonNullable<Destination['inside']>,
  selection: Selection,
  waiting: readonly Waiting[],
  { now, signal, onProgress }: DeliveryOptions,
): Promise<Delivery> {
  const messages = messagesIn(waiting);
  if (signal.aborted || messages === 0) return NOTHING;
  try {
    await outbox.write(everything(selection, waiting), inside, now());
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return { ...NOTHING, stopped: error.message, lastError: error.message };
  }
  const delivered = { ...NOTHING, delivered: messages };
  onProgress(delivered);
  return delivered;
}
