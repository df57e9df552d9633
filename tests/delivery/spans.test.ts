/** What can be watched of a sync by whoever registered an OpenTelemetry SDK. */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test } from 'vitest';
import { Leases } from '../../dialects/leases.js';
import { keptOpen } from '../../dialects/warehouse.js';
import { AT, destination } from './support.js';
import { faultyServer, status } from './server.js';
import { sync, testWarehouse } from './warehouse.js';

afterEach(() => trace.disable());

/** Gathers spans from now on. */
function spansOf(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  return exporter;
}

test('a sync is a span, with a destination below it each, and says nothing of what messages hold', async () => {
  const exporter = spansOf();
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await using refusing = await faultyServer(() => status(400));
  await w.queue([
    { id: 'm1', user: 'ann@example.com' },
    { id: 'm2', user: 'bob' },
    { id: 'm3', user: 'ann@example.com', destination: 'other' },
  ]);
  const result = await sync(w, {
    destinations: [
      destination('webhook', { url: server.url }),
      destination('webhook', { url: refusing.url }, { key: 'other' }),
      destination('webhook', { url: server.url }, { key: 'idle' }),
    ],
  });
  expect(result.exit).toBe(1);

  const spans = exporter.getFinishedSpans();
  const [whole, ...others] = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  expect(others).toEqual([]);
  expect(whole).toMatchObject({
    name: 'rollcall.sync',
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'rollcall.status': 'failed', 'rollcall.destinations': 3, 'error.type': 'failed' },
  });
  const below = spans.filter(
    ({ parentSpanContext }) => parentSpanContext?.spanId === whole?.spanContext().spanId,
  );
  expect(below.map(({ name, status: { code }, attributes: a }) => [name, code, a['rollcall.destination'], a['rollcall.delivered'], a['rollcall.rejected']])).toEqual([
    ['rollcall.destination', SpanStatusCode.UNSET, 'crm', 2, 0],
    ['rollcall.destination', SpanStatusCode.ERROR, 'other', 0, 1],
    ['rollcall.destination', SpanStatusCode.UNSET, 'idle', 0, 0],
  ]); // prettier-ignore
  expect(JSON.stringify(spans.map(({ attributes, status: s }) => [attributes, s]))).not.toContain('ann@');
});

test('a destination that was busy and is asked again has a span each time', async () => {
  const exporter = spansOf();
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await w.queue([{ id: 'm1' }]);
  const owner = { run_id: 'r', pid: 1, host: 'elsewhere', since: AT, command: 'rollcall sync' };
  const open = (): Promise<Leases> => Leases.open({ ...w, warehouse: keptOpen(w.warehouse) }, owner);
  const held = await (await open()).claim('destination crm', () => ({ from: 0, to: 2 ** 31 }));
  await sync(w, {
    destinations: [destination('webhook', { url: server.url })],
    leases: open,
    wait: { ms: 1000 },
    sleep: async () => held?.release(),
  });
  const spans = exporter.getFinishedSpans();
  const whole = spans.find(({ name }) => name === 'rollcall.sync');
  const below = spans.filter(({ name }) => name === 'rollcall.destination');
  expect(below.map(({ attributes }) => attributes['rollcall.status'])).toEqual(['busy', 'succeeded']);
  for (const { parentSpanContext } of below)
    expect(parentSpanContext?.spanId).toBe(whole?.spanContext().spanId);
});
