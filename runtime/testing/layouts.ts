/** Messages as the layout of a source has them: what a collector would have loaded. */
import { pathSteps } from '../../compiler/bind/paths.js';
import { slug } from '../../models/key.js';
import type { Needs, ValueColumn } from '../../compiler/bind/types.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { NumberText, type JsonObject, type SourceConfig, type TestMessage } from '../../models/index.js';
import { instantCell, jsonCell, textCell, valueCell, type Cell, type Cells } from './cells.js';
import type { ScratchTables } from './tables.js';

/** A message with everything said that its test may leave out. */
export type WholeMessage = Omit<TestMessage, 'timestamp' | 'messageId' | 'receivedAt'> & {
  readonly messageId: string;
  /** ISO instants. */
  readonly timestamp: string;
  readonly receivedAt: string;
};

/** How a layout's tables are made and filled. */
export interface Layout {
  /** Makes what the source must have for some needs, whatever lands. */
  prepare(source: SourceConfig, tables: ScratchTables, needs: Needs): void;
  land(source: SourceConfig, tables: ScratchTables, step: number, message: WholeMessage): void;
}

/** Columns by their standard names to columns as the source calls them; what it has not is left out. */
function renamed(source: SourceConfig, cells: Readonly<Record<string, Cell | undefined>>): Cells {
  const result: Record<string, Cell> = {};
  for (const [name, cell] of Object.entries(cells)) {
    const actual = nameOf(source, name);
    if (cell !== undefined && actual !== null) result[actual] = cell;
  }
  return result;
}

const nameOf = (source: SourceConfig, standard: string): string | null =>
  Object.hasOwn(source.columns, standard) ? (source.columns[standard] ?? null) : standard;

/** Standard columns of a table, there from the start. */
function standard(
  source: SourceConfig,
  table: ReturnType<ScratchTables['at']>,
  names: readonly string[],
): void {
  for (const name of [...names, ...Object.keys(source.columns)]) {
    const actual = nameOf(source, name);
    if (actual !== null)
      table.column(actual, INSTANTS.has(name) ? 'timestamp' : JSONS.has(name) ? 'json' : 'text');
  }
}

const INSTANTS: ReadonlySet<string> = new Set(['timestamp', 'received_at']);
const JSONS: ReadonlySet<string> = new Set(['properties', 'traits', 'context']);

const text = (value: string | undefined): Cell | undefined =>
  value === undefined ? undefined : textCell(value);

/** What every layout says of a message. */
const common = (message: WholeMessage) => ({
  timestamp: instantCell(message.timestamp),
  received_at: instantCell(message.receivedAt),
  user_id: text(message.userId),
  anonymous_id: text(message.anonymousId),
  source_id: text(message.sourceId),
});

/** Nested objects as columns, their steps joined by underscores. */
function flat(object: JsonObject | undefined, name: (steps: readonly string[]) => string): Cells {
  const cells: Record<string, Cell> = {};
  const visit = (node: JsonObject, above: readonly string[]): void => {
    for (const [key, value] of Object.entries(node)) {
      const steps = [...above, key];
      const isObject =
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        !(value instanceof NumberText);
      if (isObject) visit(value as JsonObject, steps);
      else {
        const cell = valueCell(value);
        if (cell !== undefined) cells[name(steps)] = cell;
      }
    }
  };
  if (object !== undefined) visit(object, []);
  return cells;
}

const written = (steps: readonly string[]): string => steps.join('_');
const slugged = (steps: readonly string[]): string => steps.map(slug).join('_');

/** Makes the columns that definitions read, where no row has them: in a test, what nobody mentions is null. */
function need(
  table: ReturnType<ScratchTables['at']>,
  columns: readonly ValueColumn[],
  name: (steps: readonly string[]) => string,
): void {
  for (const { root, path } of columns) {
    const steps = [...(root === 'context' ? ['context'] : []), ...pathSteps(path)];
    // The elements of a list are read in the column that holds it.
    const own = steps.includes('$') ? steps.slice(0, steps.indexOf('$')) : steps;
    const prefixes = own
      .map((_, i) => name(own.slice(0, i + 1)))
      .filter((_, i) => root !== 'context' || i > 0);
    if (own.length > 0 && !prefixes.some((prefix) => table.has(prefix))) table.column(name(own));
  }
}

/** Standard columns of layout `messages`. */
export const MESSAGE_COLUMNS = [
  'message_id', 'type', 'event', 'name', 'timestamp', 'received_at', 'user_id', 'anonymous_id', 'group_id',
  'properties', 'traits', 'context', 'source_id',
]; // prettier-ignore

const messages: Layout = {
  prepare(source, tables) {
    standard(source, tables.table(tableName(source)), MESSAGE_COLUMNS);
  },
  land(source, tables, step, message) {
    const { properties, traits, context } = message;
    const cells = {
      ...common(message),
      message_id: textCell(message.messageId),
      type: textCell(message.type),
      event: text(message.event),
      name: text(message.name),
      group_id: text(message.groupId),
      properties: properties && jsonCell(properties),
      traits: traits && jsonCell(traits),
      context: context && jsonCell(context),
    };
    tables.table(tableName(source)).add(step, renamed(source, cells));
  },
};

const CALLS = {
  track: 'tracks',
  identify: 'identifies',
  page: 'pages',
  screen: 'screens',
  group: 'groups',
} as const;
const SEGMENT_COLUMNS = ['id', 'timestamp', 'received_at', 'user_id', 'anonymous_id'];
const EVENT_COLUMNS = [...SEGMENT_COLUMNS, 'event', 'event_text'];

/** Events that are calls of their own, in the tables of those. */
const NAMED = new Map([
  ['Page Viewed', { table: 'pages', property: 'page_name' }],
  ['Screen Viewed', { table: 'screens', property: 'screen_name' }],
]);

const segment: Layout = {
  prepare(source, tables, needs) {
    const at = (name: string): ReturnType<ScratchTables['at']> =>
      tables.at({ schema: source.schema ?? '', name });
    standard(source, at('tracks'), EVENT_COLUMNS);
    standard(source, at('identifies'), SEGMENT_COLUMNS);
    standard(source, at('groups'), [...SEGMENT_COLUMNS, 'group_id']);
    for (const name of ['pages', 'screens']) standard(source, at(name), [...SEGMENT_COLUMNS, 'name']);
    need(at('identifies'), needs.traits, slugged);
    for (const { event, columns } of needs.events) {
      const named = NAMED.get(event);
      const table = at(named?.table ?? slug(event));
      if (named === undefined) standard(source, table, EVENT_COLUMNS);
      const own = columns.filter(({ path }) => pathSteps(path)[0] !== named?.property);
      need(table, own, slugged);
    }
  },
  land(source, tables, step, message) {
    if (message.type === 'alias') return; // the layout has no rows of it that anything reads
    const add = (name: string, cells: Cells): void =>
      tables.at({ schema: source.schema ?? '', name }).add(step, cells);
    const base = { ...common(message), id: textCell(message.messageId) };
    const context = flat(message.context, (steps) => slugged(['context', ...steps]));
    if (message.type === 'track') {
      const { event = '' } = message;
      const named = { event: textCell(slug(event)), event_text: textCell(event) };
      const cells = { ...context, ...renamed(source, { ...base, ...named }) };
      add(CALLS.track, cells);
      add(slug(event), { ...flat(message.properties, slugged), ...cells });
      return;
    }
    const own = message.type === 'identify' || message.type === 'group' ? message.traits : message.properties;
    const more = { name: text(message.name), group_id: text(message.groupId) };
    add(CALLS[message.type], { ...flat(own, slugged), ...context, ...renamed(source, { ...base, ...more }) });
  },
};

const table: Layout = {
  prepare(source, tables, needs) {
    const own = tables.table(tableName(source));
    standard(source, own, ['id', 'timestamp', 'received_at', 'user_id']);
    const needed = needs.events.filter(({ event }) => event === source.event);
    for (const { columns } of needed) need(own, columns, written);
  },
  land(source, tables, step, message) {
    const cells = renamed(source, { ...common(message), id: textCell(message.messageId) });
    const context = flat(message.context, (steps) => written(['context', ...steps]));
    tables.table(tableName(source)).add(step, { ...flat(message.properties, written), ...context, ...cells });
  },
};

export const LAYOUTS: Readonly<Record<SourceConfig['layout'], Layout>> = { messages, segment, table };

/** The standard name of a column of a table, where a source says that it is one. */
export function standardName(source: SourceConfig, column: string): string | undefined {
  const names = [...new Set([...MESSAGE_COLUMNS, ...EVENT_COLUMNS, ...Object.keys(source.columns)])];
  return names.find((name) => nameOf(source, name)?.toLowerCase() === column.toLowerCase());
}

function tableName({ name, table: of }: SourceConfig): string {
  if (of === undefined) throw new CompilerBug(`source ${name} has no table`);
  return of;
}
