/** Days in the life of a project on Snowflake's emulator: sessions, locks and transactions are those of a user's commands. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { syncDestinations } from '../../../delivery/index.js';
import type { Dialect } from '../../../dialects/dialect.js';
import { StatementError, type Row } from '../../../dialects/warehouse.js';
import { loadProject } from '../../../models/index.js';
import { diff, runProject, withSession, type RunOptions, type RunResult } from '../../../runtime/index.js';
import { hooked } from '../../runtime/faults.js';
import { BUYERS, CRM, NOW, SPENDERS } from '../../runtime/shop.js';
import { rowsOf } from '../support/duckdb.js';
import { emulatedSettings, openEmulated } from './emulated.js';

const settings = emulatedSettings();
let dir: string;
let runs = 0;

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), JSON.stringify(content));
}

const model = (key: string, definition: object): Promise<void> =>
  write(`models/${key}.json`, { kind: 'audience', key, ...definition });

async function options(more: Partial<RunOptions> = {}): Promise<RunOptions> {
  const { project, spans, diagnostics } = await loadProject({ dir, env: {} });
  if (!project) throw new Error(JSON.stringify(diagnostics));
  return { project, spans, now: () => NOW, newRunId: () => `run_${(runs += 1)}`, invocation: 'run', ...more };
}

const run = async (asOf: string, more: Partial<RunOptions> = {}): Promise<RunResult> =>
  runProject(await options({ asOf, sleep: async () => undefined, ...more }));

async function query(sql: string): Promise<readonly Row[]> {
  const warehouse = await openEmulated(settings);
  try {
    return await rowsOf(warehouse, sql);
  } finally {
    await warehouse.close();
  }
}

async function execute(...statements: readonly string[]): Promise<void> {
  const warehouse = await openEmulated(settings);
  try {
    for (const sql of statements) await warehouse.execute(sql);
  } finally {
    await warehouse.close();
  }
}

const land = (
  ...orders: readonly (readonly [id: string, user: string, at: string, revenue: number])[]
): Promise<void> =>
  execute(
    `insert into raw.messages (message_id, type, event, timestamp, received_at, user_id, properties)\n${orders
      .map(
        ([id, user, at, revenue]) =>
          `select '${id}', 'track', 'Order Completed', '${at}'::timestamp_ntz, '${NOW.slice(0, -1)}'::timestamp_ntz, '${user}', parse_json('{"revenue":${revenue}}')`,
      )
      .join('\nunion all ')}`,
  );

/** As an analyst asks: names of ours without quotes. */
const members = async (key: string): Promise<readonly unknown[]> =>
  (await query(`SELECT Profile_Id FROM Rollcall.Memberships WHERE audience_key = '${key}' ORDER BY 1`)).map(
    (row) => row['profile_id'],
  );

describe('on the emulator', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rollcall-snowflake-'));
    await write('rollcall.json', {
      name: 'shop',
      target: 'prod',
      targets: { prod: { ...settings, schema: 'rollcall' } },
      sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
    });
    await write('destinations/crm.json', CRM);
    await model('buyers', { ...BUYERS, destinations: ['crm'] });
    await model('spenders', SPENDERS);
    await execute(
      'create schema raw',
      `create table raw.messages (message_id varchar, type varchar, event varchar, name varchar,
        timestamp timestamp_ntz, received_at timestamp_ntz, user_id varchar, anonymous_id varchar, group_id varchar,
        properties variant, traits variant, context variant)`,
    );
  }, 120_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('a run publishes, and again changes nothing', async () => {
    await land(['m1', 'ann', '2025-01-01 10:00:00', 150], ['m2', 'bob', '2025-01-02 10:00:00', 20]);
    expect(await run('2025-01-03T00:00:00Z')).toMatchObject({ exit: 0, status: 'succeeded' });
    expect([await members('buyers'), await members('spenders')]).toEqual([['ann', 'bob'], ['ann']]);
    expect(await run('2025-01-03T00:00:00Z')).toMatchObject({ exit: 0 });
    expect(await query('select count(*) as n from rollcall.snapshots')).toEqual([{ n: '2' }]);
  });

  it('late data counts, and an edit computes anew', async () => {
    await land(['m3', 'bob', '2025-01-01 09:00:00', 90], ['m4', 'cy', '2025-01-03 12:00:00', 5]);
    expect(await run('2025-01-04T00:00:00Z')).toMatchObject({ exit: 0 });
    expect([await members('buyers'), await members('spenders')]).toEqual([
      ['ann', 'bob', 'cy'],
      ['ann', 'bob'],
    ]);
    const { definition } = SPENDERS;
    await model('spenders', {
      definition: { ...definition, sum: { property: 'revenue', greater_than: 120 } },
    });
    expect(await run('2025-01-05T00:00:00Z')).toMatchObject({ exit: 0 });
    expect(await members('spenders')).toEqual(['ann']);
    const changes = await diff({ ...(await options()), key: 'spenders' });
    expect(changes).toMatchObject({ size: 1, counts: { entered: 0, exited: 1 } });
  });

  it('a run that dies while it publishes leaves what was, and the next one ends as if it had not', async () => {
    await land(['m5', 'dee', '2025-01-05 12:00:00', 500]);
    const dying: (type: string) => Promise<Dialect> = hooked((sql) => {
      if (/insert into rollcall\.member_state/.test(sql))
        throw new StatementError('the connection is gone', sql);
    });
    expect((await run('2025-01-06T00:00:00Z', { dialectFor: dying })).exit).not.toBe(0);
    expect([await members('buyers'), await members('spenders')]).toEqual([['ann', 'bob', 'cy'], ['ann']]);
    expect(await run('2025-01-06T00:00:00Z')).toMatchObject({ exit: 0 });
    expect([await members('buyers'), await members('spenders')]).toEqual([
      ['ann', 'bob', 'cy', 'dee'],
      ['ann', 'dee'],
    ]);
  });

  it('what changed goes out, once', async () => {
    const sync = async (): Promise<unknown> => {
      const given = await options();
      return withSession(given, { mode: 'write' }, ({ warehouse, dialect, state }) =>
        syncDestinations({
          warehouse,
          dialect,
          state,
          destinations: given.project.destinations,
          projectDir: dir,
          spans: given.spans,
          select: {},
          now: given.now,
        }),
      );
    };
    await sync();
    await sync();
    const lines = (await readFile(join(dir, 'crm.jsonl'), 'utf8')).trim().split('\n');
    const told = lines.map((line) => JSON.parse(line) as { userId: string; type: string });
    expect(told.filter(({ type }) => type === 'identify').map(({ userId }) => userId).sort()).toEqual(['ann', 'bob', 'cy', 'dee']); // prettier-ignore
    expect(await query('select count(*) as n from rollcall.sent')).toEqual([{ n: '4' }]);
  });
});
