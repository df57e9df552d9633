import { Option } from 'commander';

import type { Row } from '../../dialects/warehouse.js';
import { describe, GROUPS, wholeNumber, type Register } from '../command.js';
import type { Context } from '../context.js';
import { write } from '../io.js';
import { count, plural, shown, table } from '../output.js';
import { csvLine, rowJson } from '../rows.js';

interface Options {
  readonly format?: Format;
  readonly limit?: number;
}

type Format = 'table' | 'json' | 'jsonl' | 'csv';

/** What a terminal shows unless told. */
const SCREENFUL = 40;

export const members: Register = (program, bind) =>
  describe(program, {
    name: 'members',
    args: '<key>',
    summary: 'Print who is in an audience, or who has a trait and its value',
    details:
      'As last published, whatever the time is now; --as-of asks the history instead. CSV and JSON are streamed and complete; a table shows the first 40 unless --limit says otherwise.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'asOf', 'json'],
    examples: [
      { run: 'members win_back', does: 'a table' },
      { run: 'members win_back --format csv > win_back.csv', does: 'everyone, as a file' },
      { run: 'members win_back --as-of 2017-06-01', does: 'who was in then' },
      { run: 'members total_revenue --format jsonl --limit 5', does: 'five lines of JSON' },
    ],
  })
    .addOption(
      new Option('-f, --format <format>', 'how to print them').choices(['table', 'json', 'jsonl', 'csv']),
    )
    .addOption(new Option('-n, --limit <rows>', 'at most so many; 0 is all').argParser(wholeNumber(0)))
    .action(bind(action));

async function action(context: Context, options: Options, key: string): Promise<number> {
  const { members: read } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const format = context.json ? 'json' : (options.format ?? 'table');
  const asked = options.limit === 0 ? undefined : options.limit;
  const most = asked ?? (format === 'table' && options.limit === undefined ? SCREENFUL : undefined);
  // One more than is shown tells whether there are more.
  const limit = most === undefined ? {} : { limit: format === 'table' ? most + 1 : most };
  const rows = read({ ...context.runtime(loaded), ...context.asOf, key, ...limit });
  await PRINTERS[format](context, key, rows, most);
  return 0;
}

type Printer = (
  context: Context,
  key: string,
  rows: AsyncIterable<Row>,
  most: number | undefined,
) => Promise<void>;

const PRINTERS: Readonly<Record<Format, Printer>> = {
  async table(context, key, rows, most = Infinity) {
    const seen: Row[] = [];
    for await (const row of rows) seen.push(row);
    const listed = seen.slice(0, most);
    if (listed.length > 0) await context.print(rowTable(context, listed));
    const more = seen.length > most;
    const words = more
      ? `the first ${count(most)}; --limit 0 or --format csv for all`
      : plural(seen.length, 'profile');
    await context.print(context.paint.dim(`${listed.length > 0 ? '\n' : ''}${key}: ${words}`));
  },

  async json({ io }, key, rows) {
    let first = true;
    const begin = `{\n  "key": ${JSON.stringify(key)},\n  "members": [`;
    for await (const row of rows) {
      // Nothing before the first row: an error until then is the only document.
      await write(io.stdout, `${first ? begin : ','}\n    ${rowJson(row)}`);
      first = false;
    }
    await write(io.stdout, `${first ? begin : '\n  '}]\n}\n`);
  },

  async jsonl({ io }, _key, rows) {
    for await (const row of rows) await write(io.stdout, `${rowJson(row)}\n`);
  },

  async csv({ io }, _key, rows) {
    let names: readonly string[] | undefined;
    for await (const row of rows) {
      if (names === undefined) {
        names = Object.keys(row);
        await write(io.stdout, `${csvLine(names)}\r\n`);
      }
      await write(io.stdout, `${csvLine(names.map((name) => row[name]))}\r\n`);
    }
  },
};

/** Rows as a table; columns that are empty throughout are left out. */
export function rowTable(context: Context, rows: readonly Row[]): string {
  const all = Object.keys(rows[0] ?? {});
  const names = all.filter((name, i) => i === 0 || rows.some((row) => row[name] !== null));
  const cells = rows.map((row) => names.map((name) => shown(row[name] == null ? null : String(row[name]))));
  return table(
    context.paint,
    names.map((title) => ({ title })),
    cells,
  );
}
