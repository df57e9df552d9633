/** How long what landed took to be published. */
import type { StateSchema } from '../compiler/program/state.js';
import * as ir from '../compiler/ir/build.js';
import type { LandingResult } from './api.js';
import type { Freshness } from './freshness-api.js';
import { elapsed, microsOf, isoOf } from './instants.js';
import { nullableText, textOf, type Session } from './session.js';

/**
 * @param before by source, how far it had landed before the run
 * @param published when the messages could be read
 */
export async function freshnessOf(
  session: Session,
  landing: readonly LandingResult[],
  before: ReadonlyMap<string, string>,
  messages: number,
  published: string,
): Promise<Freshness> {
  const counts = landing.map(({ new_rows }) => new_rows);
  const known = counts.filter((n): n is number => n !== null);
  const new_rows = known.length < counts.length ? null : known.reduce((a, b) => a + b, 0);
  const newest = new_rows === 0 ? undefined : await newestReceived(session, before);
  const newest_received_at = newest === undefined ? null : isoOf(newest);
  const lag_ms =
    newest_received_at === null || messages === 0 ? null : elapsed(newest_received_at, published);
  return { new_rows, newest_received_at, messages, lag_ms };
}

/** The largest watermark of those that moved. */
async function newestReceived(
  { state, rows }: Pick<Session, 'rows'> & { readonly state: StateSchema },
  before: ReadonlyMap<string, string>,
): Promise<bigint | undefined> {
  const found = await rows(ir.pick(state.scan('landing'), ['source', 'watermark']));
  const moved = found.flatMap((row) => {
    const now = nullableText(row, 'watermark');
    const was = before.get(textOf(row, 'source'));
    return now === null || (was !== undefined && microsOf(was) >= microsOf(now)) ? [] : [microsOf(now)];
  });
  return moved.length === 0 ? undefined : moved.reduce((a, b) => (a > b ? a : b));
}
