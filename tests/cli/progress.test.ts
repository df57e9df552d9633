/** What is told of statements that take long, while they do. */
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { LineProgress } from '../../cli/progress/lines.js';
import { LogProgress } from '../../cli/progress/log.js';

import type { RunEvent, RunEventBody } from '../../runtime/api.js';
import { stepProgress } from '../../runtime/step-progress.js';

const START = Date.parse('2025-01-03T00:00:00Z');

/** What a statement tells that takes so long a quarter of it, of which it is asked every 250 ms. */
function told(ofSeconds: number): readonly RunEvent[] {
  const events: RunEvent[] = [];
  let at = 0;
  const emit = (event: RunEventBody): void => {
    events.push({ ...event, run_id: 'run_1', at: new Date(START + at).toISOString() });
  };
  const tell = stepProgress(emit);
  for (at = 250; at <= ofSeconds * 1000; at += 250) tell('land.shop.facts', at / (ofSeconds * 1000), at);
  return events;
}

test('a statement that is soon done is not told of', () => {
  expect(told(0.75)).toEqual([]);
});

test('a long one is told of once a second, and what is left when that says something', () => {
  const events = told(40);
  expect(events).toHaveLength(40);
  expect(events[0]).toMatchObject({
    event: 'step_progress',
    step: 'land.shop.facts',
    percent: 2,
    left_ms: null,
  });
  expect(events[9]).toMatchObject({ percent: 25, left_ms: 30_000 });
  expect(events[39]).toMatchObject({ percent: 100, left_ms: 0 });
});

test('each statement begins anew, as does one that is tried again', () => {
  const events: RunEventBody[] = [];
  const tell = stepProgress((event) => events.push(event));
  tell('a', 0.5, 3000);
  tell('b', 0.1, 500);
  tell('b', 0.2, 1000);
  tell('b', 0.2, 1500);
  tell('b', 0.6, 5000);
  tell('b', 0.1, 1000);
  expect(events.map((e) => e.event === 'step_progress' && [e.step, e.percent, e.left_ms])).toEqual([
    ['a', 50, 3000],
    ['b', 20, 4000],
    ['b', 60, 3333],
    ['b', 10, 9000],
  ]);
});

test('a log has it every five seconds', () => {
  const lines: string[] = [];
  const progress = new LineProgress({
    note: (text) => void lines.push(text),
    errPaint: pc.createColors(false),
  });
  for (const event of told(20)) progress.run(event);
  expect(lines).toEqual([
    'land.shop.facts 5 %, 19.0 s left',
    'land.shop.facts 30 %, 14.0 s left',
    'land.shop.facts 55 %, 9.0 s left',
    'land.shop.facts 80 %, 4.0 s left',
  ]);
  const written: string[] = [];
  const io = { stderr: { write: (line: string) => written.push(line) } };
  const log = new LogProgress(io as unknown as ConstructorParameters<typeof LogProgress>[0]);
  for (const event of told(20)) log.run(event);
  expect(written.map((line) => (JSON.parse(line) as { percent: number }).percent)).toEqual([5, 30, 55, 80]);
});
