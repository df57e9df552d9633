import type { RawTables, RawType } from '../engines/engine.js';
import type { Json, Message } from '../reference/model.js';

interface Cell {
  readonly type: RawType;
  readonly value: Json;
}
type Cells = Record<string, Cell>;

const STANDARD: Record<string, RawType> = {
  id: 'text',
  received_at: 'timestamp',
  timestamp: 'timestamp',
  user_id: 'text',
  anonymous_id: 'text',
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

const text = (value: string): Cell => ({ type: 'text', value });
const instant = (value: string): Cell => ({ type: 'timestamp', value });

function cell(value: Json): Cell | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: 'float', value };
  return text(typeof value === 'string' ? value : JSON.stringify(value));
}

function flat(value: Json | undefined, prefix: string, into: Cells): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, child] of Object.entries(value)) {
    const column = `${prefix}${slug(key)}`;
    if (typeof child === 'object' && child !== null && !Array.isArray(child)) flat(child, `${column}_`, into);
    else {
      const made = cell(child);
      if (made) into[column] = made;
    }
  }
}

/** The rows a message is: table to cells. */
function rowsOf(m: Message): readonly (readonly [table: string, cells: Cells])[] {
  const call = CALLS[m.type];
  if (call === undefined) return [];
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
    return [
      [call, { ...base, ...event }],
      [slug(m.event), { ...own, ...base, ...event }],
    ];
  }
  if (m.type === 'group' && m.group_id != null)
    return [[call, { ...own, ...base, group_id: text(m.group_id) }]];
  const named: Cells = m.name != null ? { name: text(m.name) } : {};
  return [[call, { ...own, ...named, ...base }]];
}

/** Lands rows as Segment loads them: a schema a source, a table a call, a table an event, a column a property. */
export async function landSegment(
  raw: RawTables,
  sources: readonly string[],
  messages: readonly Message[],
  known: Map<string, Record<string, RawType>>,
): Promise<void> {
  for (const source of sources) {
    const landing = new Map<string, Record<string, Json>[]>();
    for (const m of messages.filter((row) => (row.source ?? 'raw') === source)) {
      for (const [table, cells] of rowsOf(m)) {
        const key = JSON.stringify([source, table]);
        const types = known.get(key) ?? { ...STANDARD };
        known.set(key, types);
        const row: Record<string, Json> = {};
        for (const [column, { type, value }] of Object.entries(cells)) {
          types[column] ??= type;
          // A column keeps the type it was made with.
          row[column] = types[column] === 'text' && typeof value !== 'string' ? JSON.stringify(value) : value;
        }
        landing.set(table, [...(landing.get(table) ?? []), row]);
      }
    }
    await raw.ensureSchema(source);
    for (const [table, rows] of landing) {
      await raw.append(
        { schema: source, name: table },
        known.get(JSON.stringify([source, table])) ?? STANDARD,
        rows,
      );
    }
  }
}
