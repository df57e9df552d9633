import type { ExplainedDefinition, ExplainedRead, ExplainResult } from '../../runtime/explain-api.js';
import { describe, GROUPS, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { count, instant, right, shown, table, type Paint } from '../output.js';

export const explain: Register = (program, bind) =>
  describe(program, {
    name: 'explain',
    summary: 'Say how the next run would compute each definition, and why',
    details:
      'State is read and nothing is written. What has not landed yet is in no number, as only a run reads the sources.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'select', 'asOf', 'json'],
    examples: [
      { run: 'explain', does: 'every definition, a line each' },
      { run: 'explain --select win_back', does: 'also what it reads, and the edges of its windows' },
      { run: 'explain --json | jq \'.definitions[] | select(.mode == "full")\'', does: 'what is dear' },
    ],
  }).action(bind(action));

async function action(context: Context): Promise<number> {
  const { explain: ask } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const result = await ask({ ...context.runtime(loaded), ...context.selection, ...context.asOf });
  if (context.json) {
    await context.document({ ...result, diagnostics: problemsJson(result.diagnostics) });
    return 0;
  }
  const { paint } = context;
  context.report(result.diagnostics);
  const parts = [definitions(paint, result)];
  if (context.globals.select !== undefined) parts.push(reads(paint, result));
  parts.push(landing(paint, result));
  await context.print(parts.filter((part) => part !== '').join('\n\n'));
  const removed = result.removed.length === 0 ? [] : [`to be removed: ${result.removed.join(', ')}`];
  const words = [`target ${result.target}, schema ${result.schema}`, `compute ${result.compute}`, ...removed];
  await context.print(`\n${paint.dim([...words, `as of ${result.as_of}`].join(' · '))}`);
  return 0;
}

function definitions(paint: Paint, { definitions: all }: ExplainResult): string {
  const columns = [
    { title: 'key' }, { title: 'kind' }, { title: 'next run' },
    right('profiles'), right('changed rows'), right('rows in full'), { title: 'because' },
  ]; // prettier-ignore
  return table(
    paint,
    columns,
    all.map((one) => row(paint, one)),
  );
}

function row(
  paint: Paint,
  { key, kind, mode, reason, cost }: ExplainedDefinition,
): readonly (string | number)[] {
  const word = { incremental: paint.green('incremental'), full: paint.yellow('full') };
  const known = (n: number | null): string => (n === null ? '' : count(n));
  // What others come to is added when the run gets there.
  const profiles = cost.profiles === null ? '' : `${cost.complete ? '' : '≥ '}${count(cost.profiles)}`;
  return [
    key,
    kind,
    mode === null ? paint.dim('–') : word[mode],
    profiles,
    known(cost.changed_rows),
    known(cost.full_rows),
    shown(reason, 120) ?? '',
  ];
}

function reads(paint: Paint, { definitions: all }: ExplainResult): string {
  const columns = [
    { title: 'key' },
    { title: 'reads' },
    { title: 'table' },
    right('rows'),
    right('brought'),
    { title: 'edge' },
    { title: 'was' },
    { title: 'is' },
    right('passed'),
  ];
  const rows = all.flatMap(({ key, reads: own }) => own.flatMap((read) => readRows(key, read)));
  return rows.length === 0 ? '' : table(paint, columns, rows);
}

/** A line an edge. */
function readRows(key: string, read: ExplainedRead): readonly (readonly (string | number | null)[])[] {
  const name =
    read.what === 'event' || read.name === null ? (read.name ?? read.what) : `${read.what} ${read.name}`;
  const cell = (n: number | null): string => (n === null ? '' : count(n));
  const first = [key, shown(name), read.tables.join(' '), cell(read.rows), cell(read.brought)];
  if (read.edges.length === 0) return [[...first, '', '', '', '']];
  return read.edges.map((edge, i) => [
    ...(i === 0 ? first : ['', '', '', '', '']),
    `${edge.column ?? 'a value'} ${away(edge.offset)}`,
    instant(edge.from) ?? '',
    instant(edge.to),
    cell(edge.rows),
  ]);
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `30 days ago`, from `as_of`. */
function away(seconds: number): string {
  if (seconds === 0) return 'as of';
  const size = Math.abs(seconds);
  const [unit, length] = UNITS.find(([, each]) => size % each === 0) ?? ['second', 1];
  const n = size / length;
  return `${count(n)} ${unit}${n === 1 ? '' : 's'} ${seconds < 0 ? 'ago' : 'ahead'}`;
}

function landing(paint: Paint, result: ExplainResult): string {
  const columns = [
    { title: 'source' },
    { title: 'lands' },
    { title: 'received up to' },
    { title: 'because' },
  ];
  return table(
    paint,
    columns,
    result.landing.map((s) => [s.source, s.mode, instant(s.watermark), s.reason]),
  );
}
