import { afterEach, expect, test } from 'vitest';
import { documentOf, rollcall, shop, type Shop } from './support.js';

let made: Shop;
afterEach(async () => made[Symbol.asyncDispose]());

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('history day by day, and who was in', async () => {
  made = await shop();
  const args = ['backfill', '--from', '2025-02-08', '--to', '2025-02-22', '--every', '2d'];
  const ran = await rollcall(made.dir, [...args, '--json']);
  expect(ran.exit).toBe(0);
  const said = lines(ran.stdout);
  expect(said.map((line) => line['event'])).toEqual([
    'backfill_started',
    ...Array.from({ length: 8 }, () => 'backfill_step'),
    'backfill_finished',
  ]);
  expect(said[2]).toMatchObject({ as_of: '2025-02-10T00:00:00Z', index: 2, total: 8, entered: 2 });
  expect(said.at(-1)).toMatchObject({ status: 'succeeded', steps: { done: 8, skipped: 0 }, exit: 0 });
  const was = await rollcall(made.dir, ['members', 'buyers', '--as-of', '2025-02-11', '--json']);
  expect(documentOf(was)).toMatchObject({ members: [{ profile_id: 'a' }] });

  const again = await rollcall(made.dir, args);
  expect(again.exit).toBe(0);
  expect(again.stdout).toMatch(/nothing left to run · 8 steps run before/);
  // The present: nothing was sent until now.
  expect((await rollcall(made.dir, ['run', '--sync'])).stdout).toMatch(/crm\s+file\s+succeeded\s+[1-9]/);
});

test('what it is told is checked', async () => {
  made = await shop();
  for (const wrong of [
    ['backfill'],
    ['backfill', '--from', '2025-01-01', '--every', 'often'],
    ['backfill', '--from', '2025-01-01', '--every', '0d'],
    ['backfill', '--from', '2025-01-01', '--to', '2024-01-01'],
  ]) {
    const ran = await rollcall(made.dir, [...wrong, '--json']);
    expect(ran.exit).toBe(2);
    expect(documentOf<{ errors: unknown[] }>(ran).errors).toHaveLength(1);
  }
});

test('asked to stop, it finishes its step and says how to go on', async () => {
  made = await shop();
  const stop = new AbortController();
  const ran = await rollcall(made.dir, ['backfill', '--from', '2025-02-08', '--json'], {
    signal: stop.signal,
    stdout: {
      write(text: string) {
        if (text.includes('backfill_step')) stop.abort();
        return true;
      },
    },
  });
  expect(ran.exit).toBe(130);
  expect(ran.stderr).toMatch(/backfill cancelled · \d+ steps? run/);
  expect((await rollcall(made.dir, ['status', '--json'])).stdout).toContain('"status": "succeeded"');
});
