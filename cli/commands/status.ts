import type { DefinitionState, StatusResult } from '../../runtime/queries-api.js';
import { describe, GROUPS, type Register } from '../command.js';
import type { Context } from '../context.js';
import { changedCell, count, instant, moved, right, shown, table, type Paint } from '../output.js';

export const status: Register = (program, bind) =>
  describe(program, {
    name: 'status',
    summary: 'Print the state of each definition, source and destination',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'status', does: 'tables' },
      { run: 'status --json | jq \'.definitions[] | select(.status != "live")\'', does: 'what needs a look' },
    ],
  }).action(bind(action));

async function action(context: Context): Promise<number> {
  const { status: read } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const result = await read(context.runtime(loaded));
  if (context.json) {
    await context.document(result);
    return 0;
  }
  const { paint } = context;
  const parts = [definitions(paint, result), destinations(paint, result), sources(paint, result)];
  await context.print(parts.filter((part) => part !== '').join('\n\n'));
  const { last_run: last } = result;
  const run = last === null ? 'never run' : `last run ${last.run_id} ${last.status}, as of ${last.as_of}`;
  await context.print(`\n${paint.dim(`target ${result.target}, schema ${result.schema} · ${run}`)}`);
  for (const d of result.definitions) {
    if (d.error !== null) await context.print(`${paint.red(`✖ ${d.key}`)} ${shown(d.error, 200) ?? ''}`);
  }
  return 0;
}

function definitions(paint: Paint, result: StatusResult): string {
  const columns = [
    { title: 'key' }, { title: 'kind' }, { title: 'status' },
    right('size'), right('entered'), right('exited'), right('changed'), { title: 'as of' },
  ]; // prettier-ignore
  const rows = result.definitions.map((d) => [
    d.key,
    d.kind,
    statusWord(paint, d),
    d.size,
    moved(d.entered, '+', paint.green),
    moved(d.exited, '−', paint.red),
    changedCell(d),
    instant(d.last_as_of),
  ]);
  return table(paint, columns, rows);
}

function statusWord(paint: Paint, { status: word, modified }: DefinitionState): string {
  const color = word === 'live' ? paint.green : word === 'failed' ? paint.red : paint.yellow;
  return `${color(word)}${modified && word !== 'new' ? paint.yellow(' (modified)') : ''}`;
}

function destinations(paint: Paint, result: StatusResult): string {
  if (result.destinations.length === 0) return '';
  const columns = [
    { title: 'destination' },
    { title: 'type' },
    { title: 'status' },
    right('waiting'),
    right('delivered'),
    right('failed'),
    { title: 'last delivery' },
  ];
  const rows = result.destinations.map((d) => [
    d.key,
    d.type,
    d.enabled ? paint.green('enabled') : paint.yellow('disabled'),
    d.pending === 0 ? '·' : paint.yellow(count(d.pending)),
    d.delivered,
    d.failed === 0 ? '·' : paint.red(count(d.failed)),
    instant(d.last_delivery_at),
  ]);
  return table(paint, columns, rows);
}

function sources(paint: Paint, result: StatusResult): string {
  const columns = [{ title: 'source' }, { title: 'layout' }, { title: 'received up to' }];
  return table(
    paint,
    columns,
    result.sources.map((s) => [s.name, s.layout, instant(s.watermark)]),
  );
}
