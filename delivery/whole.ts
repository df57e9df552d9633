import type { Claim } from './claims.js';
import { LOST, NOTHING, type Delivery, type DeliveryOptions } from './courier.js';
import type { Attempt, Destination } from './destination.js';
import type { Outbox } from './outbox.js';
import { isList, outcomeAt } from './outcomes.js';
import { PAGE, pagesOf } from './pages.js';
import { ALL_LANES, messagesIn, type Page, type Selection, type Waiting } from './rows.js';
import { StatementError } from '../dialects/warehouse.js';
import { batches, Sender } from './send.js';
import { Tally } from './tally.js';

/**
 * Delivers to a destination that makes a sync visible at once. Nothing is written to the warehouse before
 * that, so the outbox is streamed and what became of it is one statement, however many messages there are. Who lost its claim
 * shows nothing: another may be at it, in the same place.
 */
export async function deliverWhole(
  outbox: Outbox,
  destination: Destination & { commit(): Promise<void> },
  selection: Selection,
  waiting: readonly Waiting[],
  options: DeliveryOptions & Pick<Claim, 'lost'>,
): Promise<Delivery> {
  const others = new Tally();
  others.leaveOut(); // what it does not name was delivered
  let stopped: string | undefined;
  try {
    stopped = await sendAll(outbox, destination, selection, waiting, options, others);
    options.signal.throwIfAborted();
    if (options.lost()) return { ...NOTHING, stopped: LOST, lastError: LOST };
    if (stopped === undefined) await destination.commit();
  } catch (error) {
    if (options.signal.aborted) return NOTHING;
    // The warehouse failed and not the destination: nothing became of the messages, and there is nothing to record.
    if (error instanceof StatementError) throw error;
    stopped = error instanceof Error ? error.message : String(error);
  }
  const page = everything(selection, waiting);
  const messages = messagesIn(waiting);
  if (stopped !== undefined) {
    const outcome = { status: 'failed', error: stopped } as const;
    await outbox.record(page, { outcome, tries: 1 }, [], options.now());
    return { ...NOTHING, failed: messages, stopped, lastError: stopped };
  }
  const { marks } = others.summary();
  await outbox.record(page, { outcome: { status: 'delivered' }, tries: 1 }, marks, options.now());
  const totals = { ...NOTHING, delivered: messages };
  for (const { outcome, ids } of marks) {
    totals[outcome.status] += ids.length;
    totals.delivered -= ids.length;
  }
  return totals;
}

/**
 * Resolves to why it stopped before the end, if it did.
 *
 * @param others gets those that were not delivered, each with its own outcome
 */
async function sendAll(
  outbox: Outbox,
  destination: Destination,
  selection: Selection,
  waiting: readonly Waiting[],
  { signal, onProgress, pageSize, backoff }: DeliveryOptions,
  others: Tally,
): Promise<string | undefined> {
  const sender = new Sender(destination, signal, backoff);
  let sent = 0;
  for (const page of pagesOf(selection, waiting, { size: pageSize ?? PAGE, lanes: ALL_LANES })) {
    const written = await writeLines(outbox, destination, page);
    if (written !== undefined) {
      if (written.attempt.kind === 'stop') return written.attempt.reason;
      sent += written.messages;
      onProgress({ ...NOTHING, delivered: sent });
      continue;
    }
    for await (const batch of batches(outbox.read(page), destination.limits)) {
      const { outcomes, stopped, tries } = await sender.deliver(batch);
      if (stopped !== undefined) return stopped;
      if (!isList(outcomes) && outcomes.status === 'failed') return outcomes.error ?? 'it takes nothing';
      if (isList(outcomes) || outcomes.status !== 'delivered')
        batch.forEach((message, i) => {
          const outcome = outcomeAt(outcomes, i);
          if (outcome.status !== 'delivered') others.add([message], outcome, tries);
        });
      sent += batch.length;
      onProgress({ ...NOTHING, delivered: sent });
    }
  }
  return undefined;
}

/**
 * Has the warehouse write the lines of a page, where it can and the destination takes them. Where that fails nothing was taken, and they
 * are sent as others are: whatever was the matter shows there, or has passed. A page in order is short, and is not worth it.
 */
async function writeLines(
  outbox: Outbox,
  { lines }: Destination,
  page: Page,
): Promise<{ readonly attempt: Attempt; readonly messages: number } | undefined> {
  if (!lines || !outbox.writesLines || page.sorted) return undefined;
  let messages = 0;
  try {
    const attempt = await lines.take(async (path) => {
      messages = await outbox.writeLines(page, (rows) => [lines.line(rows)], path);
      return messages;
    });
    return { attempt, messages };
  } catch (error) {
    if (error instanceof StatementError) return undefined;
    throw error;
  }
}

/** All that waits, as one page. */
export function everything(selection: Selection, waiting: readonly Waiting[]): Page {
  const [fromRun, toRun] = [waiting[0]?.run ?? 0, waiting.at(-1)?.run ?? 0];
  const fresh = waiting.every((w) => w.fresh);
  return { selection, fromRun, toRun, lanes: ALL_LANES, about: 0, sorted: false, fresh };
}
