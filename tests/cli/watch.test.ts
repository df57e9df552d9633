import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it, test } from 'vitest';

import { backoff, loop, type Outcome } from '../../cli/watching/loop.js';
import { acquireLock } from '../../dialects/duckdb/lock.js';
import { BUYERS, CONFIG, NOW, rollcall, shop, type Ran, type Shop } from './support.js';

let made: Shop;

type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** Lines of a stream of JSON, as they come; `until` resolves with the first that fits. */
class Lines {
  readonly all: Line[] = [];
  private rest = '';
  private readonly waiting: (() => void)[] = [];

  add(text: string): void {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    this.all.push(...parts.map((line) => JSON.parse(line) as Line));
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  async until(fits: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.all.find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

/** A watch in this process; `act` is called with it, and it is stopped after. */
async function watching(act: (lines: Lines, stop: AbortController) => Promise<void>): Promise<Ran & Lines> {
  const lines = new Lines();
  const stop = new AbortController();
  const stdout = {
    write(text: string) {
      lines.add(text);
      return true;
    },
  };
  const ran = rollcall(made.dir, ['watch', '--every', '1s', '--json'], { stdout, signal: stop.signal });
  await Promise.race([act(lines, stop), ran]);
  stop.abort();
  return Object.assign(lines, await ran);
}

describe('watch', () => {
  afterEach(async () => made[Symbol.asyncDispose]());

  it('in a process of its own lets go of the file between ticks, and ends clean', async () => {
    made = await shop();
    const cli = ['--import', 'tsx', join(import.meta.dirname, '../../cli/main.ts')];
    const argv = ['watch', '--every', '1s', '--sync', '--json', '--project', made.dir];
    const child = spawn(process.execPath, [...cli, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const lines = new Lines();
      child.stdout.on('data', (chunk: Buffer) => lines.add(chunk.toString()));
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = new Promise<unknown>((resolve) =>
        child.on('exit', (code, signal) => resolve(signal ?? code)),
      );
      const first = await Promise.race([lines.until(({ event }) => event === 'tick'), ended]);
      expect(first, said).toMatchObject({ status: 'succeeded', exit: 0 });
      const received = new Date().toISOString().replace('Z', '');
      await untilDone(() =>
        made.execute(
          `insert into raw.messages (message_id, type, event, "timestamp", received_at, user_id)
           values ('4', 'track', 'Order Completed', '${received}', '${received}', 'd')`,
        ),
      );
      const tick = await lines.until(({ new_rows }) => new_rows === 1);
      expect(tick).toMatchObject({ event: 'tick', messages: 2, delivered: 2, errors: [] });
      expect(tick['lag_ms']).toBeGreaterThan(0);
      child.kill('SIGTERM');
      expect(await ended, said).toBe(0);
      expect(lines.all.at(-1)).toMatchObject({ event: 'watch_finished' });
      const stored = await rollcall(made.dir, ['status', '--json']);
      expect(stored.stdout).toContain('"pending": 0');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('waits for a lock, outlives a warehouse that is not there, and reads changed files anew', async () => {
    made = await shop();
    const database = join(made.dir, 'warehouse.duckdb');
    const owner = { run_id: 'x', pid: process.pid, host: 'here', since: NOW, command: 'another' };
    const lease = acquireLock(database, owner);
    const ran = await watching(async (lines) => {
      await lines.until(({ event }) => event === 'tick_waiting');
      await lease.release();
      await lines.until(({ event }) => event === 'tick');
      await made.write('models/more.json', { ...BUYERS, key: 'more' });
      await lines.until(({ event }) => event === 'project_reloaded');
      expect(await lines.until(({ entered }) => entered === 2)).toMatchObject({ status: 'succeeded' });
      await made.write('rollcall.json', { ...CONFIG, targets: { dev: { type: 'duckdb', path: 'models' } } });
      const failed = await lines.until(({ event }) => event === 'tick_failed');
      expect(failed).toMatchObject({
        failures: 1,
        retry_in_ms: 2000,
        errors: [{ code: 'warehouse-unavailable' }],
      });
    });
    expect(ran.exit).toBe(0);
    expect(ran.all.filter(({ event }) => event === 'tick_waiting')).toHaveLength(1);
  });

  it('ends when a file becomes wrong', async () => {
    made = await shop();
    const ran = await watching(async (lines) => {
      await lines.until(({ event }) => event === 'tick');
      await made.write('models/more.json', '{ "kind": "audience" ');
      await new Promise(() => undefined);
    });
    expect(ran.exit).toBe(2);
    expect(ran.all.at(-1)).toMatchObject({ errors: [{ code: 'invalid-json' }] });
  });
});

/** Again until it succeeds: the file is open while a tick lasts. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let left = 200; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

test('ticks begin a distance apart, and those that fail wait longer each time', async () => {
  const outcomes: Outcome[] = ['done', 'failed', 'failed', 'busy', 'done'];
  const took = [100, 0, 0, 0, 7000];
  const pauses: number[] = [];
  const stop = new AbortController();
  let time = 0;
  const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
  const tick = async (): Promise<Outcome> => {
    time += took.shift() ?? 0;
    if (outcomes.length === 0) stop.abort();
    return outcomes.shift() ?? 'done';
  };
  await loop(tick, { everyMs: 5000, signal: stop.signal, sleep, clock: () => time });
  expect(pauses).toEqual([4900, 10_000, 20_000, 5000, 500]);
  expect(backoff(5000, 30)).toBe(60_000);
  expect(backoff(3_600_000, 3)).toBe(3_600_000);
});
