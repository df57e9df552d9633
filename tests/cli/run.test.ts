import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { dialectFor } from '../../dialects/registry.js';
import { documentOf, rollcall, shop, type Shop } from './support.js';

interface RunDocument {
  readonly run_id: string;
  readonly as_of: string;
  readonly status: string;
  readonly definitions: readonly { readonly key: string; readonly size: number; readonly entered: number }[];
  readonly diagnostics: readonly unknown[];
  readonly sync?: { readonly destinations: readonly { readonly key: string; readonly delivered: number }[] };
}

const lines = async (s: Shop, file: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(s.dir, file), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('run', () => {
  test('prints a table, progress beside it, and where the results are', async () => {
    await using s = await shop();
    const { exit, stdout, stderr } = await rollcall(s.dir, ['run']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^key +kind +size +entered +exited +changed +time\n/);
    expect(stdout).toMatch(/^buyers +audience +2 +\+2 +· /m);
    expect(stdout).toMatch(/^spent +trait +3 /m);
    expect(stdout).toMatch(/✔ run run\d+ succeeded · 2 definitions · as of 2025-03-01T12:00:00Z/);
    expect(stdout).toContain(join('target', 'run_results.json'));
    expect(stderr).toContain('landed raw: read whole');
  });

  test('--json is one document, whatever people get to read', async () => {
    await using s = await shop();
    const ran = await rollcall(s.dir, ['run', '--json', '--sync', '--as-of', '2025-02-15']);
    const result = documentOf<RunDocument>(ran);
    expect(ran.exit).toBe(0);
    expect(result).toMatchObject({ as_of: '2025-02-15T00:00:00Z', status: 'succeeded' });
    expect(result.definitions.find((d) => d.key === 'buyers')).toMatchObject({ size: 1, entered: 1 });
    expect(result.sync?.destinations).toMatchObject([{ key: 'crm', delivered: 2 }]);
    expect(ran.stderr).toContain('buyers');
  });

  test('--log-format json: an event a line', async () => {
    await using s = await shop();
    const { stderr } = await rollcall(s.dir, ['run', '--json', '--log-format', 'json', '--select', 'buyers']);
    const events = stderr
      .split('\n')
      .filter((l) => l.startsWith('{'))
      .map((l) => JSON.parse(l) as { event: string; level: string });
    expect(events.map((e) => e.event)).toContain('definition_finished');
    expect(events[0]).toMatchObject({ level: 'info', event: 'run_started' });
  });

  test('selectors', async () => {
    await using s = await shop();
    const ran = await rollcall(s.dir, ['run', '--json', '--select', 'tag:daily']);
    expect(documentOf<RunDocument>(ran).definitions.map((d) => d.key)).toEqual(['buyers']);
    const none = await rollcall(s.dir, ['run', '--select', 'nobody']);
    expect([none.exit, none.stderr.includes('unknown-selector')]).toEqual([2, true]);
    for (const nameless of ['+', '2+', '+,tag:daily']) {
      const { exit, stderr } = await rollcall(s.dir, ['run', '--select', nameless]);
      expect([exit, stderr]).toEqual([
        2,
        expect.stringContaining(`Selector "${nameless.split(',')[0]}" names nothing`),
      ]);
    }
  });

  test.each([
    ['--as-of', 'yesterday'],
    ['--as-of', '2025-02-30'],
    ['--as-of', '2025-03-01T12:00:01Z'],
  ])('%s %s is refused', async (...argv) => {
    await using s = await shop();
    const ran = await rollcall(s.dir, ['run', '--json', ...argv]);
    expect(ran.exit).toBe(2);
    expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'invalid-as-of' }] });
  });

  test('an --as-of before the last run needs --as-of-behind', async () => {
    await using s = await shop();
    await rollcall(s.dir, ['run', '--as-of', '2025-02-20']);
    expect((await rollcall(s.dir, ['run', '--as-of', '2025-02-10'])).exit).toBe(2);
    expect((await rollcall(s.dir, ['run', '--as-of', '2025-02-10', '--as-of-behind'])).exit).toBe(0);
  });

  test('a problem in the files stops it before anything is written', async () => {
    await using s = await shop();
    await s.write('models/bad.json', '{');
    const ran = await rollcall(s.dir, ['run', '--json']);
    expect(ran.exit).toBe(2);
    expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'invalid-json', file: 'models/bad.json' }] });
  });

  test('exit 3 while another run holds the lock', async () => {
    await using s = await shop();
    const warehouse = await (
      await dialectFor('duckdb')
    ).open({
      settings: { type: 'duckdb', path: 'warehouse.duckdb' },
      projectDir: s.dir,
      mode: 'write',
      owner: {
        run_id: 'other',
        pid: process.pid,
        host: 'here',
        since: '2025-03-01T11:00:00Z',
        command: 'rollcall run',
      },
    });
    try {
      const ran = await rollcall(s.dir, ['run', '--json']);
      expect(ran.exit).toBe(3);
      expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'locked' }] });
      // With --wait it waits as long as it was told to, and not a moment if the lock comes free.
      expect((await rollcall(s.dir, ['sync', '--wait', '1s'])).exit).toBe(3);
      let run: ReturnType<typeof rollcall> | undefined;
      await new Promise<void>((resolve) => {
        const write = (said: string): boolean => {
          if (said.includes('waiting: the warehouse is in use by rollcall run')) resolve();
          return true;
        };
        run = rollcall(s.dir, ['run', '--wait', '10m'], { stderr: { isTTY: false, columns: 120, write } });
      });
      await warehouse.close();
      expect((await run)?.exit).toBe(0);
    } finally {
      await warehouse.close();
    }
  });

  test('exit 4 when the warehouse is no warehouse', async () => {
    await using s = await shop();
    await s.write('warehouse.duckdb', 'this is text, at least as long as the header of a database file is');
    const ran = await rollcall(s.dir, ['run', '--json']);
    expect(ran.exit).toBe(4);
    expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'warehouse-unavailable' }] });
  });
});

describe('sync', () => {
  test('delivers once, and says where to', async () => {
    await using s = await shop();
    await rollcall(s.dir, ['run']);
    const { exit, stdout } = await rollcall(s.dir, ['sync']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^crm +file +succeeded +4 .*target\/out\/crm\.jsonl$/m);
    expect(await lines(s, 'target/out/crm.jsonl')).toHaveLength(4);
    await rollcall(s.dir, ['sync']);
    expect(await lines(s, 'target/out/crm.jsonl')).toHaveLength(4);
  });

  test('takes destinations and definitions for selectors', async () => {
    await using s = await shop();
    await rollcall(s.dir, ['run']);
    const none = await rollcall(s.dir, ['sync', '--json', '--select', 'crm', 'spent']);
    expect(documentOf(none)).toMatchObject({ destinations: [{ key: 'crm', delivered: 0 }] });
    const all = await rollcall(s.dir, ['sync', '--json', '--select', 'crm', 'buyers']);
    expect(documentOf(all)).toMatchObject({ destinations: [{ key: 'crm', delivered: 4 }] });
  });

  test('exit 1 when a destination takes nothing', async () => {
    await using s = await shop();
    await s.write('destinations/crm.json', {
      kind: 'destination', key: 'crm', type: 'webhook', settings: { url: 'http://127.0.0.1:9/?token=hushhush', retries: 0 },
    }); // prettier-ignore
    const ran = await rollcall(s.dir, ['run', '--sync', '--json']);
    expect(ran.exit).toBe(1);
    expect(documentOf(ran)).toMatchObject({
      status: 'succeeded',
      sync: {
        status: 'failed',
        destinations: [{ failed: 4, waiting: 4 }],
        diagnostics: [{ code: 'delivery-failed' }],
      },
    });
    expect(ran.stdout + ran.stderr).not.toContain('hushhush');
  });

  test('bad settings stop run --sync before it computes', async () => {
    await using s = await shop();
    await s.write('destinations/crm.json', {
      kind: 'destination', key: 'crm', type: 'webhook', settings: { url: '${env:CRM}' },
    }); // prettier-ignore
    const ran = await rollcall(s.dir, ['run', '--sync', '--json'], { env: { CRM: 'x' } });
    expect(ran.exit).toBe(2);
    expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'destination-settings' }] });
  });
});
