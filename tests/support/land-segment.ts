import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import type { Json, Message } from '../reference/model.js';
import { requireInstant } from '../reference/time.js';

type Cell = { readonly type: string; readonly sql: string };
type Cells = Record<string, Cell>;

const STANDARD: Record<string, string> = {
  id: 'varchar',
  received_at: 'timestamp',
  timestamp: 'timestamp',
  user_id: 'varchar',
  anonymous_id: 'varchar',
};
const CALLS: Partial<Record<Message['type'], string>> = {
  track: 'tracks',
  identify: 'identifies',
  page: 'pages',
  screen: 'screens',
  group: 'groups',
};

/** Segment's names for its tables and columns: lower-case words joined by underscores. */
const slug = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');

/** Lands rows as Segment loads them: a schema a source, a table a call, a table an event, a column a property. */
export async function landSegment(
  warehouse: Warehouse,
  dialect: Dialect,
  sources: readonly string[],
  messages: readonly Message[],
): Promise<void> {
  const text = (value: string): Cell => ({ type: 'varchar', sql: dialect.literal({ type: 'text', value }) });
  const instant = (iso: string): Cell => ({
    type: 'timestamp',
    sql: dialect.literal({ type: 'timestamp', value: requireInstant(iso).toString() }),
  });
  const cell = (value: Json): Cell | undefined => {
    if (value === null) return undefined;
    if (typeof value === 'boolean') return { type: 'boolean', sql: String(value) };
    if (typeof value === 'number') return { type: 'double', sql: `${value}::double` };
    return text(typeof value === 'string' ? value : JSON.stringify(value));
  };
  const flat = (value: Json | undefined, prefix: string, into: Cells): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const [key, child] of Object.entries(value)) {
      const column = `${prefix}${slug(key)}`;
      if (typeof child === 'object' && child !== null && !Array.isArray(child))
        flat(child, `${column}_`, into);
      else {
        const made = cell(child);
        if (made) into[column] = made;
      }
    }
  };
  const write = async (schema: string, table: string, cells: Cells): Promise<void> => {
    const name = `${dialect.quoteIdentifier(schema)}.${dialect.quoteIdentifier(table)}`;
    const standard = Object.entries(STANDARD).map(([c, t]) => `"${c}" ${t}`);
    await warehouse.execute(`create table if not exists ${name} (${standard.join(', ')})`);
    for (const [column, { type }] of Object.entries(cells)) {
      await warehouse.execute(
        `alter table ${name} add column if not exists ${dialect.quoteIdentifier(column)} ${type}`,
      );
    }
    const columns = Object.keys(cells).map((c) => dialect.quoteIdentifier(c));
    const values = Object.values(cells).map((c) => c.sql);
    await warehouse.execute(`insert into ${name} (${columns.join(', ')}) values (${values.join(', ')})`);
  };
  for (const source of sources) {
    await warehouse.execute(`create schema if not exists ${dialect.quoteIdentifier(source)}`);
    for (const m of messages.filter((row) => (row.source ?? 'raw') === source)) {
      const call = CALLS[m.type];
      if (call === undefined) continue;
      const base: Cells = { id: text(m.message_id) };
      if (m.timestamp != null) base['timestamp'] = instant(m.timestamp);
      if (m.received_at != null) base['received_at'] = instant(m.received_at);
      if (m.user_id != null) base['user_id'] = text(m.user_id);
      if (m.anonymous_id != null) base['anonymous_id'] = text(m.anonymous_id);
      flat(m.context, 'context_', base);
      const own: Cells = {};
      flat(m.type === 'identify' || m.type === 'group' ? m.traits : m.properties, '', own);
      if (m.type === 'track' && m.event != null) {
        const event = { event: text(slug(m.event)), event_text: text(m.event) };
        await write(source, call, { ...base, ...event });
        await write(source, slug(m.event), { ...own, ...base, ...event });
      } else if (m.type === 'group' && m.group_id != null) {
        await write(source, call, { ...own, ...base, group_id: text(m.group_id) });
      } else {
        const named: Cells = m.name != null ? { name: text(m.name) } : {};
        await write(source, call, { ...own, ...named, ...base });
      }
    }
  }
}
