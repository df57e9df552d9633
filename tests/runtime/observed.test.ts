/** What can be watched of a run: the measures of its steps, and spans for whoever registered an OpenTelemetry SDK. */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, it } from 'vitest';
import { hooked, refuse, stutter } from './faults.js';
import { BUYERS, CRM, REVENUE, Shop, SPENDERS, order } from './shop.js';

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';

let shop: Shop;
afterEach(async () => {
  trace.disable();
  await shop.dispose();
});

async function started(): Promise<void> {
  const fans = { definition: { all: [{ audience: 'spenders' }, { audience: 'buyers' }] } };
  shop = await Shop.create({
    buyers: { ...BUYERS, destinations: ['crm'] },
    spenders: SPENDERS,
    fans,
    revenue: REVENUE,
  });
  await shop.write('destinations/crm.json', CRM);
  await shop.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
  );
}

function listening(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  return exporter;
}

const below = (spans: readonly ReadableSpan[], parent: ReadableSpan | undefined): readonly ReadableSpan[] =>
  spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId);

it('a run is a span, with its phases, their steps and the definitions below', async () => {
  await started();
  const exporter = listening();
  const result = await shop.run(DAY1, {
    dialectFor: hooked(stutter(/insert into "?rollcall"?\."?snapshots/i, 2)),
  });
  expect(result.status).toBe('succeeded');
  const spans = exporter.getFinishedSpans();

  const [run, ...others] = below(spans, undefined);
  expect(others).toEqual([]);
  expect(run).toMatchObject({
    name: 'rollcall.run',
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'rollcall.run_id': 'run_1',
      'rollcall.as_of': '2025-01-03T00:00:00Z',
      'rollcall.engine': 'duckdb',
      'rollcall.status': 'succeeded',
      'rollcall.definitions': 4,
    },
  });
  const phases = below(spans, run);
  expect(phases.map(({ name }) => name)).toEqual(
    ['begin', 'land', 'profiles', 'compute', 'publish'].map((name) => `rollcall.${name}`),
  );
  const stepsOf = (phase: number): readonly ReadableSpan[] => below(spans, phases[phase]);
  const named = (steps: readonly ReadableSpan[], step: string): readonly ReadableSpan[] =>
    steps.filter(({ attributes }) => attributes['rollcall.step'] === step);
  expect(named(stepsOf(1), 'land.raw.watermark')).toHaveLength(1);

  // Definitions are below the statement that computes them.
  const [batch] = named(stepsOf(3), 'compute.batch.1');
  expect(below(spans, batch)).toMatchObject([
    { name: 'rollcall.definition', attributes: { 'rollcall.definition': 'buyers' } },
    { name: 'rollcall.definition', attributes: { 'rollcall.definition': 'spenders' } },
  ]);
  // What was tried again says so: the statement failed twice, and its transaction was begun again.
  const snapshots = named(stepsOf(4), 'publish.snapshots');
  expect(snapshots.map(({ status, attributes }) => [status.message, attributes['rollcall.retries']])).toEqual(
    [
      ['statement-transient', 0],
      ['statement-transient', 1],
      [undefined, 2],
    ],
  );
  expect(snapshots.at(-1)?.attributes['rollcall.rows_changed']).toBe(4);
});

it('a failure has its kind, and nothing of what the engine said', async () => {
  await started();
  const exporter = listening();
  const said = "Conversion Error: Could not convert string 'ann@example.com' to INT32";
  const broken = refuse(/\b160|revenue/i, said);
  const failing = hooked((sql) => {
    if (/rollcall_stage_values/.test(sql) && /^insert/i.test(sql)) broken(sql);
  });
  expect(await shop.run(DAY1, { dialectFor: failing })).toMatchObject({ status: 'partial' });
  const spans = exporter.getFinishedSpans();
  const failed = spans.filter(({ status }) => status.code === SpanStatusCode.ERROR);
  expect(failed.map(({ name, status }) => [name, status.message])).toContainEqual([
    'rollcall.step',
    'statement-refused',
  ]);
  expect(failed.map(({ name, status }) => [name, status.message])).toContainEqual([
    'rollcall.run',
    'definition-failed',
  ]);
  const told = spans.map(({ name, status, attributes, events }) => ({ name, status, attributes, events }));
  expect(JSON.stringify(told)).not.toMatch(/ann@|Conversion|insert into|select/i);
});

it('steps and definitions say what they took', async () => {
  await started();
  const failing = { dialectFor: hooked(stutter(/insert into "?rollcall"?\."?snapshots/i, 2)) };
  const result = await shop.run(DAY1, failing);
  const measured = new Map(result.steps.map((step) => [step.step, step]));
  expect(measured.get('publish.snapshots')).toMatchObject({
    status: 'succeeded',
    times: 3,
    retries: 2,
    rows_changed: 4,
  });
  expect(measured.get('publish.counts')).toMatchObject({ rows_changed: null, rows_read: 12, bytes: null });
  expect(measured.get('compute.revenue')).toMatchObject({ definition: 'revenue', status: 'succeeded' });
  expect(result.definitions).toMatchObject([{ retries: 0 }, { retries: 0 }, { retries: 0 }, { retries: 0 }]);
  const [row] = await shop.query(
    "select retries, rows_changed, rows_read, duration_ms from rollcall.run_steps where step = 'publish.snapshots' and status = 'succeeded'",
  );
  expect(row).toEqual({ retries: '2', rows_changed: '4', rows_read: null, duration_ms: '0' });

  // A table that an earlier version made has no such columns, and needs none.
  await shop.sql(
    ...['rows_read', 'bytes', 'duration_ms', 'retries'].map(
      (column) => `alter table rollcall.run_steps drop column ${column}`,
    ),
  );
  expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
  expect(
    await shop.query("select count(*) > 0 as there from rollcall.run_steps where run_id = 'run_2'"),
  ).toEqual([{ there: true }]);
});
