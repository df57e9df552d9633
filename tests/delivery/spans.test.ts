/** What can be watched of a sync by whoever registered an OpenTelemetry SDK. */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test } from 'vitest';
import { syncDestinations } from '../../delivery/index.js';
import { destination, FAST, now } from './support.js';
import { faultyServer, status } from './server.js';
import { testWarehouse } from './warehouse.js';

afterEach(() => trace.disable());

test('a sync is a span, with a destination below it each, and says nothing of what messages hold', async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await using refusing = await faultyServer(() => status(400));
  await w.queue([
    { id: 'm1', user: 'ann@example.com' },
    { id: 'm2', user: 'bob' },
    { id: 'm3', user: 'ann@example.com', destination: 'other' },
  ]);
  const { warehouse, dialect, state } = w;
  const result = await syncDestinations({
    warehouse,
    dialect,
    state,
    projectDir: '/nowhere',
    now,
    backoff: FAST,
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
