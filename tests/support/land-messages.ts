import type { RawColumns, RawTables } from '../engines/engine.js';
import type { Message } from '../reference/model.js';

/** Columns of the `messages` layout that every table of it has here. */
export const MESSAGE_COLUMNS: RawColumns = {
  message_id: 'text',
  type: 'text',
  event: 'text',
  name: 'text',
  timestamp: 'timestamp',
  received_at: 'timestamp',
  user_id: 'text',
  anonymous_id: 'text',
  group_id: 'text',
  properties: 'json',
  traits: 'json',
  context: 'json',
};

const COLUMNS: RawColumns = { ...MESSAGE_COLUMNS, source_id: 'text' };

/** Lands rows as the `messages` layout has them: one table a source, `<source>.messages`. */
export async function landMessages(
  raw: RawTables,
  sources: readonly string[],
  messages: readonly Message[],
): Promise<void> {
  for (const source of sources) {
    const rows = messages
      .filter((m) => (m.source ?? 'raw') === source)
      .map((m) => Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, m[name as keyof Message]])));
    await raw.append({ schema: source, name: 'messages' }, COLUMNS, rows);
  }
}
