/** Engines that faults are tried on. */
import { basename } from 'node:path';
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { POSTGRES_URL } from '../engines/postgres.js';
import { sqlTables } from '../engines/sql-tables.js';
import type { Engine } from './place.js';

const TYPES = {
  text: 'varchar',
  int: 'bigint',
  decimal: 'decimal(18, 4)',
  float: 'double precision',
  bool: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  json: 'json',
} as const;

/** A DuckDB file in the place's folder. */
export const duckdbFile: Engine = {
  dialect: duckdb,
  target: () => ({ type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall', threads: 1 }),
  raw: (warehouse) => sqlTables(warehouse, duckdb, { types: TYPES }),
};

const databaseOf = (dir: string): string => basename(dir).toLowerCase().replace(/\W/g, '_');

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const settings = { url: POSTGRES_URL };
  const admin: Warehouse = await postgres.open({ settings, projectDir: '/', mode: 'write' });
  try {
    for (const statement of statements) await admin.execute(statement);
  } finally {
    await admin.close();
  }
}

/** A database of the server that `scripts/with-postgres.sh` starts. */
export const postgresDatabase: Engine = {
  dialect: postgres,
  target: (dir) => ({ type: 'postgres', url: POSTGRES_URL, database: databaseOf(dir), schema: 'rollcall' }),
  raw: (warehouse) => sqlTables(warehouse, postgres, { types: TYPES }),
  server: {
    create: (dir) => asAdmin(`create database ${databaseOf(dir)}`),
    copy: async (from, to) => {
      await cutOff(from);
      await asAdmin(`create database ${databaseOf(to)} template ${databaseOf(from)}`);
    },
    cutOff,
    drop: (dir) => asAdmin(`drop database if exists ${databaseOf(dir)} with (force)`),
  },
};

/** Waits until they are gone: a template may have none. */
async function cutOff(dir: string): Promise<void> {
  await asAdmin(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${databaseOf(dir)}'`,
  );
}
