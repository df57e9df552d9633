/** A run that takes the lock and is killed, as by `kill -9`, in the middle of a transaction. */
import { hostname } from 'node:os';
import { StateSchema } from '../../../compiler/program/state.js';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import { acquireTableLock } from '../../../dialects/lock-table.js';
import { labelled } from '../../../dialects/warehouse.js';

const [endpoint = '', schema = '', run = ''] = process.argv.slice(2);
const settings = { type: 'bigquery', project: 'test', location: 'US', api_endpoint: endpoint };
const open = () => bigquery.open({ settings, projectDir: '/', mode: 'write' });
const owner = {
  run_id: run,
  pid: process.pid,
  host: hostname(),
  since: '2025-01-01T00:00:00Z',
  command: 'rollcall run',
};
await acquireTableLock({ warehouse: await open(), dialect: bigquery, state: new StateSchema(schema) }, owner);
const warehouse = labelled(await open(), { run_id: run });
await warehouse.begin();
await warehouse.execute(`insert into ${schema}.t (a) select 1`);
await warehouse.execute(`delete from ${schema}.t where true`);
process.kill(process.pid, 'SIGKILL');
