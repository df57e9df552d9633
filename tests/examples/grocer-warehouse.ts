import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { DuckDBInstance, type Json } from '@duckdb/node-api';

export const grocer = join(import.meta.dirname, '../../examples/grocer');

const exec = promisify(execFile);

/** Lets what was received in a span arrive in a warehouse, as a user does. */
export async function land(database: string, span: { from?: string; to?: string } = {}): Promise<void> {
  const options = Object.entries({ database, ...span }).map(([name, value]) => `--${name}=${value}`);
  await exec(process.execPath, [join(grocer, 'load.mjs'), ...options]);
}

export type Row = Record<string, Json>;
export type Query = (sql: string) => Promise<Row[]>;

/** Opens a warehouse for `use` alone: DuckDB admits one process at a time. */
export async function withWarehouse<T>(database: string, use: (query: Query) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  try {
    return await use(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The records of a data file, without a CSV reader: no field of these files holds a comma or a line end. */
export async function records(file: string): Promise<Record<string, string>[]> {
  const bytes = await readFile(join(grocer, 'data', file));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [header = [], ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map((field) => field.replaceAll('"', '')));
  return lines.map((fields) => Object.fromEntries(header.map((name, i) => [name, fields[i] ?? ''])));
}
