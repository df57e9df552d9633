/**
 * DuckDB for tests that open many warehouses. To start an engine takes longer than most of what they do: a process starts one, and
 * a warehouse is a database of it, attached when it is opened and detached when it is closed. All else is the product's.
 */
import { basename } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { MEMORY, readSettings } from '../../dialects/duckdb/settings.js';
import { quoteIdentifier, quoteText } from '../../dialects/duckdb/types.js';
import { openWarehouse, type Database } from '../../dialects/duckdb/warehouse.js';
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';

interface Engine {
  readonly instance: DuckDBInstance;
  readonly own: DuckDBConnection;
}

let engine: Promise<Engine> | undefined;
const names = new Set<string>();

async function started(): Promise<Engine> {
  const settings = { path: MEMORY, threads: 1 };
  const { config } = readSettings({ settings, projectDir: '/', mode: 'write' });
  const instance = await DuckDBInstance.create(MEMORY, { ...config });
  return { instance, own: await instance.connect() };
}

/** A name as an engine of its own would give it, or one that nobody has. */
function nameFor(path: string): string {
  const plain = path === MEMORY ? 'it' : basename(path).replace(/\.[^.]*$/, '');
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}_${n}`;
    if (!names.has(name)) return name;
  }
}

/** Attaches a file, or a database in memory. Its settings are those of the engine. */
async function attached(path: string, { access_mode }: Readonly<Record<string, string>>): Promise<Database> {
  engine ??= started();
  const { instance, own } = await engine;
  const name = nameFor(path);
  names.add(name);
  const quoted = quoteIdentifier(name);
  try {
    await own.run(
      `attach ${quoteText(path)} as ${quoted}${access_mode === 'READ_ONLY' ? ' (read_only)' : ''}`,
    );
  } catch (error) {
    names.delete(name);
    throw error;
  }
  const all: DuckDBConnection[] = [];
  const idle: DuckDBConnection[] = [];
  return {
    /** Each has to be told of its database, so one that is given back is lent again. */
    connect: async () => {
      const used = idle.pop();
      if (used) return used;
      const connection = await instance.connect();
      all.push(connection);
      await connection.run(`use ${quoted}`);
      const lent = Object.create(connection, {
        closeSync: { value: () => void idle.push(lent) },
      }) as DuckDBConnection;
      return lent;
    },
    close: async () => {
      for (const connection of all) connection.closeSync();
      await own.run(`detach ${quoted}`);
      names.delete(name);
    },
  };
}

/** DuckDB, on the engine of this process. */
export const attachedDuckDB: Dialect = { ...duckdb, open: (options) => openWarehouse(options, attached) };

/** The dialect of a target's `type`; DuckDB on the engine of this process. */
export const dialectHere = async (type: string): Promise<Dialect> =>
  type === duckdb.name ? attachedDuckDB : dialectFor(type);

/** A warehouse in memory with nothing in it. */
export const emptyDuckDB = (): Promise<Warehouse> =>
  attachedDuckDB.open({ settings: { path: MEMORY }, projectDir: '/', mode: 'write' });
