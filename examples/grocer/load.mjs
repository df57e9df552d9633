// Fills the example's warehouse: `node load.mjs --to 2017-07-01` lets everything received before July arrive.
// The SQL is in load.sql and land.sql; this runs it with the driver that Rollcall brings along.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

const here = import.meta.dirname;
const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: join(here, 'target', 'grocer.duckdb') },
    from: { type: 'string', default: '-infinity' },
    to: { type: 'string', default: 'infinity' },
  },
});

const script = async (name, params) => {
  const text = await readFile(join(here, name), 'utf8');
  return text.replace(/\{\{(\w+)\}\}/g, (_, param) => params[param].replaceAll("'", "''"));
};

const database = resolve(options.database);
await mkdir(dirname(database), { recursive: true });
const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
const scalar = async (sql) => (await connection.runAndReadAll(sql)).getRows()[0]?.[0];

const loaded = await scalar(
  `SELECT count(*) FROM information_schema.tables WHERE table_schema = 'staging' AND table_name = 'messages'`,
);
if (loaded === 0n) await connection.run(await script('load.sql', { data: join(here, 'data') }));
await connection.run(await script('land.sql', { from: options.from, to: options.to }));

const [landed, all] = [
  await scalar('SELECT count(*) FROM raw.messages'),
  await scalar('SELECT count(*) FROM staging.messages'),
];
console.log(`${landed} of ${all} messages are in raw.messages of ${database}`);
connection.closeSync();
instance.closeSync();
