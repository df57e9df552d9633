/**
 * A run that is killed in a transaction, in a process of its own, through the official client, on GoogleSQL's evaluator behind
 * BigQuery's API: who takes the lock next ends its session, and with it what it had not committed.
 */
import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { StateSchema } from '../../../compiler/program/state.js';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import { acquireTableLock } from '../../../dialects/lock-table.js';
import { labelled, type LockOwner, type Warehouse } from '../../../dialects/warehouse.js';
import { startedServer } from '../../engines/bigquery-evaluator.js';
import { BigQueryService } from '../../support/bigquery-service/service.js';

const schema = 'shop';
const server = await startedServer();
const service = await BigQueryService.start(server);
const { endpoint, database } = service;
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const open = (): Promise<Warehouse> =>
  bigquery.open({
    settings: { type: 'bigquery', project: 'test', location: 'US', api_endpoint: endpoint },
    projectDir: '/',
    mode: 'write',
  });

async function killed(run: string): Promise<string> {
  const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    spawn(process.execPath, ['--import', 'tsx', child, endpoint, schema, run], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
      .on('error', reject)
      .on('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}`));
  });
}

async function rowsOf(warehouse: Warehouse, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
  return rows;
}

const ownerOf = (run: string): LockOwner => ({
  run_id: run,
  pid: process.pid,
  host: hostname(),
  since: '2025-01-01T00:00:00Z',
  command: 'rollcall run',
});

/** Empties the table, in a transaction of a run's. */
async function emptied(run: string): Promise<void> {
  const warehouse = labelled(await open(), { run_id: run });
  try {
    await warehouse.begin();
    await warehouse.execute(`delete from ${schema}.t where true`);
    await warehouse.commit();
  } finally {
    await warehouse.close();
  }
}

it(
  'the next run ends what a killed one left open, which would be in its way for a day',
  { timeout: 120_000 },
  async () => {
    const before = await open();
    await before.execute(`create schema if not exists ${schema}`);
    await before.execute(`create table if not exists ${schema}.t (a int64)`);
    expect(await killed('run-1')).toBe('SIGKILL');
    const [left] = database.sessions;
    expect(database.sessions).toHaveLength(1);
    await expect(emptied('run-2')).rejects.toMatchObject({
      failure: 'transient',
      message: /concurrent update/,
    });

    const site = { warehouse: await open(), dialect: bigquery, state: new StateSchema(schema) };
    const lock = await acquireTableLock(site, ownerOf('run-3'));
    expect(database.sessions).not.toContain(left);
    await emptied('run-3');
    await lock.release();
    expect(await rowsOf(before, `select a from ${schema}.t`)).toEqual([]);
    expect(database.sessions).toEqual([]);
  },
);
