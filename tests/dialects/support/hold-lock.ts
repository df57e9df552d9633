/** A process that opens a database file and holds it until it is killed. */
import { duckdb } from '../../../dialects/duckdb/dialect.js';

const [path = '', owned = ''] = process.argv.slice(2);
const owner = {
  run_id: 'r1',
  pid: process.pid,
  host: (await import('node:os')).hostname(),
  since: '2024-01-01T00:00:00Z',
  command: 'rollcall run',
};
await duckdb.open({
  settings: { path },
  projectDir: '/',
  mode: 'write',
  ...(owned === 'owned' ? { owner } : {}),
});
process.stdout.write('open\n');
setInterval(() => undefined, 1000);
