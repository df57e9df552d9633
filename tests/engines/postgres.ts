/**
 * PostgreSQL, twice: PGlite in the process, and a server that `ROLLCALL_POSTGRES_URL` names (`scripts/with-postgres.sh`
 * starts one). Both through the product's own driver.
 */
import type { Warehouse } from '../../dialects/warehouse.js';
import { around } from '../../dialects/warehouse.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import type { EngineUnderTest } from './engine.js';
import { servePglite, type PgliteServer } from './pglite-server.js';
import { sqlTables } from './sql-tables.js';

type Settings = Readonly<Record<string, unknown>>;

/** Types of raw columns; JSON comes as PostgreSQL's users keep it, in one of two. */
const types = (json: 'json' | 'jsonb') => ({
  text: 'text',
  int: 'bigint',
  decimal: 'numeric(18, 4)',
  float: 'double precision',
  bool: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  json,
});

/** Everything but what the server came with goes; the session keeps its functions. */
const EMPTY = `do $$ declare s text; begin
  for s in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema$|public$)' loop
    execute format('drop schema %I cascade', s);
  end loop;
  for s in select oid::regclass from pg_class
    where relnamespace in ('public'::regnamespace, pg_my_temp_schema()) and relkind = 'r' loop
    execute 'drop table ' || s || ' cascade';
  end loop;
end $$`;

const HELD = new Map<string, Promise<Warehouse>>();

/** One connection for all worlds of a test file: a new one costs more than emptying the database. */
function engine(
  about: Pick<EngineUnderTest, 'name' | 'again' | 'sample'> & {
    readonly settings: () => Promise<Settings>;
    readonly json: 'json' | 'jsonb';
  },
): EngineUnderTest {
  const connect = async (): Promise<Warehouse> =>
    postgres.open({ settings: await about.settings(), projectDir: '/', mode: 'write' });
  const held = (): Promise<Warehouse> => {
    const found = HELD.get(about.name) ?? connect();
    HELD.set(about.name, found);
    return found;
  };
  return {
    name: about.name,
    again: about.again,
    ...(about.sample !== undefined && { sample: about.sample }),
    dialect: postgres,
    target: { type: 'postgres' },
    ways: ['standalone', 'run'],
    open: async () => {
      const warehouse = await held();
      await warehouse.rollback();
      await warehouse.execute(EMPTY);
      const kept = around(warehouse, { close: () => Promise.resolve() });
      return { warehouse: kept, raw: sqlTables(kept, postgres, { types: types(about.json) }) };
    },
    version: async () => (await (await held()).version()).engine,
  };
}

let server: Promise<PgliteServer> | undefined;

/** Settings of PGlite's port; it is started once a process, which ends it. */
export async function pgliteSettings(): Promise<Settings> {
  server ??= servePglite();
  const { port } = await server;
  return {
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    sslmode: 'disable',
    connect_timeout: 1,
  };
}

export const pgliteEngine = engine({
  name: 'pglite',
  json: 'jsonb',
  settings: pgliteSettings,
  again: 'npm run conformance -- pglite',
  sample: 'a sample, as the server is asked all; `npm run conformance -- pglite` asks all here too',
});

/** The server's URL; tests that need one are left out where there is none. */
export const POSTGRES_URL = process.env['ROLLCALL_POSTGRES_URL'];

let own: Promise<Settings> | undefined;

/** A database of this process alone: test files run beside each other. It goes with the server. */
export function serverSettings(): Promise<Settings> {
  own ??= (async () => {
    const name = `rollcall_${process.pid}`;
    const first = await postgres.open({ settings: { url: POSTGRES_URL }, projectDir: '/', mode: 'write' });
    await first.execute(`drop database if exists ${name}`);
    await first.execute(`create database ${name}`);
    await first.close();
    return { url: POSTGRES_URL, database: name };
  })();
  return own;
}

export const postgresEngine = engine({
  name: 'postgres',
  json: 'json',
  settings: serverSettings,
  again: 'scripts/with-postgres.sh npm run conformance -- postgres',
});
