/** How destinations were told of definitions whose files are gone, and with them the links that said it. */
import * as ir from '../compiler/ir/build.js';
import { wayKey } from '../compiler/program/outbox-link.js';
import { STATE } from '../compiler/program/state.js';
import type { MessageType } from '../models/definition.js';
import type { StoredState } from './existing.js';
import { textOf, type Session } from './session.js';

/** By `wayKey`, what is left of a link; nothing where no message told. */
export type LinksTold = ReadonlyMap<string, { readonly send: readonly MessageType[] }>;

/** The types of messages that told of some keys: who was told by a track message is to hear the end in one. */
export async function linksTold(
  session: Session,
  { existing }: StoredState,
  keys: readonly string[],
): Promise<LinksTold> {
  const told = new Map<string, { readonly send: readonly MessageType[] }>();
  if (keys.length === 0 || !existing.tables.has('outbox')) return told;
  const outbox = ir.scan(session.state.ref('outbox'), STATE.outbox);
  const own = ir.filter(outbox, ir.call('in_list', ir.c(outbox, 'definition_key'), ...keys.map(ir.text)));
  const columns = ['definition_key', 'destination_key', 'message_type'];
  const rows = await session.rows(ir.pick(own, columns, { distinct: true }));
  for (const type of ['identify', 'track', 'group'] as const) {
    for (const row of rows.filter((one) => one['message_type'] === type)) {
      const way = wayKey(textOf(row, 'destination_key'), textOf(row, 'definition_key'));
      told.set(way, { send: [...(told.get(way)?.send ?? []), type] });
    }
  }
  return told;
}
