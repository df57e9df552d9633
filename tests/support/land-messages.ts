import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import type { Json, Message } from '../reference/model.js';
import { requireInstant } from '../reference/time.js';

const COLUMNS = [
  'message_id varchar',
  'type varchar',
  'event varchar',
  'name varchar',
  '"timestamp" timestamp',
  'received_at timestamp',
  'user_id varchar',
  'anonymous_id varchar',
  'group_id varchar',
  'properties json',
  'traits json',
  'context json',
  'source_id varchar',
];

/** Lands rows as the `messages` layout has them: one table a source, `<source>.messages`. */
export async function landMessages(
  warehouse: Warehouse,
  dialect: Dialect,
  sources: readonly string[],
  messages: readonly Message[],
): Promise<void> {
  const quote = (value: string | null | undefined): string =>
    value === null || value === undefined ? 'null' : dialect.literal({ type: 'text', value });
  const instant = (iso: string | null | undefined): string =>
    iso === null || iso === undefined
      ? 'null'
      : dialect.literal({ type: 'timestamp', value: requireInstant(iso).toString() });
  const json = (value: Json | undefined): string =>
    value === undefined ? 'null' : quote(JSON.stringify(value));
  for (const source of sources) {
    const table = `${dialect.quoteIdentifier(source)}.messages`;
    await warehouse.execute(`create schema if not exists ${dialect.quoteIdentifier(source)}`);
    await warehouse.execute(`create table if not exists ${table} (${COLUMNS.join(', ')})`);
    const rows = messages
      .filter((m) => (m.source ?? 'raw') === source)
      .map((m) =>
        [
          quote(m.message_id),
          quote(m.type),
          quote(m.event),
          quote(m.name),
          instant(m.timestamp),
          instant(m.received_at),
          quote(m.user_id),
          quote(m.anonymous_id),
          quote(m.group_id),
          json(m.properties),
          json(m.traits),
          json(m.context),
          quote(m.source_id),
        ].join(', '),
      );
    if (rows.length > 0)
      await warehouse.execute(`insert into ${table} values ${rows.map((r) => `(${r})`).join(',\n')}`);
  }
}
