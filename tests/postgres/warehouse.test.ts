/** What a server does to us: refuses, is gone, is in use, is cut off; and what we say then. Needs a real one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import { StatementError, type OpenOptions, type Row, type Warehouse } from '../../dialects/warehouse.js';
import { serverSettings } from '../engines/postgres.js';

const owner = (run_id: string): NonNullable<OpenOptions['owner']> => ({
  run_id,
  pid: 7,
  host: 'here',
  since: '2024-01-01T00:00:00Z',
  command: 'run',
});

async function open(over: Record<string, unknown> = {}, of?: OpenOptions['owner']): Promise<Warehouse> {
  const settings = { ...(await serverSettings()), ...over };
  return postgres.open({ settings, projectDir: '/', mode: 'write', ...(of && { owner: of }) });
}

async function rowsOf(warehouse: Warehouse, sql: string, signal?: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(sql, signal ? { signal } : {})) rows.push(...batch.rows);
  return rows;
}

const refusal = async (work: Promise<unknown>): Promise<UserError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof UserError)) throw new Error(`not a user error: ${String(error)}`);
  return error;
};

const failure = async (work: Promise<unknown>): Promise<StatementError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof StatementError)) throw new Error(`not a statement's error: ${String(error)}`);
  return error;
};

describe('a server, of which ROLLCALL_POSTGRES_URL says where it is', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await open();
  });
  afterAll(() => warehouse.close());

  it('says why it cannot be opened, with exit 4, and never the password', async () => {
    const wrong = await refusal(open({ password: 'hunter2' }));
    expect(wrong.exit).toBe(4);
    expect(wrong.message).toContain('password authentication failed');
    expect(JSON.stringify(wrong.diagnostics)).not.toContain('hunter2');
    expect((await refusal(open({ database: 'nowhere' }))).message).toContain('"nowhere" does not exist');
    expect((await refusal(open({ host: '127.0.0.1', port: 1 }))).exit).toBe(4);
    expect((await refusal(open({ sslmode: 'require' }))).message).toContain('the server has no TLS');
  });

  it('refuses a second comer with exit 3 and the name of the first, until that is gone', async () => {
    const first = await open({}, owner('run-1'));
    const refused = await refusal(open({}, owner('run-2')));
    expect(refused.exit).toBe(3);
    expect(refused.message).toMatch(/in use by rollcall run run-1 pid 7 on here .* since \d{4}-/);
    await (await open({ schema: 'other' }, owner('run-3'))).close();
    await first.close();
    await (await open({}, owner('run-2'))).close();
  });

  it('streams with a cursor, between whose batches other statements run', async () => {
    let rows = 0;
    for await (const batch of warehouse.read('select n from generate_series(1, 5000) as g(n)')) {
      rows += batch.rows.length;
      await warehouse.execute('select 1');
    }
    expect(rows).toBe(5000);
    await warehouse.begin();
    expect(await rowsOf(warehouse, 'select 1.50 as a, true as b')).toEqual([{ a: '1.5', b: true }]);
    await warehouse.rollback();
  });

  it('stops a statement when it is told to', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(rowsOf(warehouse, 'select pg_sleep(600)', stop.signal)).rejects.toThrow('enough');
    expect(await rowsOf(warehouse, 'select 1 as one')).toEqual([{ one: '1' }]);
  });

  it('cut off in a statement: the outcome is unknown, what was not committed is gone, and it connects again', async () => {
    await warehouse.execute('create table kept (n int)');
    await warehouse.begin();
    await warehouse.execute('insert into kept values (1)');
    const [own] = await rowsOf(warehouse, 'select pg_backend_pid() as pid');
    const other = await open();
    const sleeping = failure(warehouse.execute('select pg_sleep(600)'));
    await other.execute(`select pg_terminate_backend(${String(own?.['pid'])})`);
    expect((await sleeping).failure).toBe('unknown');
    // Nothing may run outside of the transaction it was meant for.
    expect((await failure(warehouse.execute('insert into kept values (2)'))).failure).toBe('unknown');
    await warehouse.rollback();
    expect(await rowsOf(warehouse, 'select n from kept')).toEqual([]);
    await other.close();
  });

  it('tells by its codes what may be tried again', async () => {
    const raised = (code: string): Promise<StatementError> =>
      failure(warehouse.execute(`do $$ begin raise exception 'no' using errcode = '${code}'; end $$`));
    expect((await raised('40001')).failure).toBe('transient');
    expect((await raised('40P01')).failure).toBe('transient');
    expect((await raised('53300')).failure).toBe('busy');
    expect((await raised('42501')).failure).toBe('refused');
    expect((await failure(warehouse.execute('select * from nothing'))).message).toBe(
      'relation "nothing" does not exist',
    );
  });

  it('without a right says so', async () => {
    await warehouse.execute(`do $$ begin create role nobody_much login password 'x';
      exception when duplicate_object then null; end $$`);
    await warehouse.execute('create schema if not exists closed');
    const other = await open({ user: 'nobody_much', password: 'x' });
    expect((await failure(other.execute('create table closed.t (n int)'))).message).toContain(
      'permission denied',
    );
    await other.close();
  });

  it('compares and orders by code point whatever its locale, and keeps long names apart', async () => {
    await warehouse.execute('create schema if not exists names');
    const long = (end: string): string => `${'a'.repeat(70)}${end}`;
    for (const end of ['x', 'y']) {
      const spec = {
        table: { schema: 'names', name: long(end) },
        columns: [{ name: 'v', type: 'text' as const }],
      };
      const [made] = postgres.statements({ op: 'ensure_table', spec, id: 't', title: 't' }, {});
      await warehouse.execute(made?.sql ?? '');
    }
    const table = postgres.quoteIdentifier(long('x'));
    await warehouse.execute(`insert into names.${table} values ('a'), ('B'), ('é'), ('Z')`);
    const rows = await rowsOf(warehouse, `select v from names.${table} order by v`);
    expect(rows.map((row) => row['v'])).toEqual(['B', 'Z', 'a', 'é']);
    const described = await warehouse.describeSchema('names');
    expect(described.map((t) => t.table.name).sort()).toEqual([long('x'), long('y')]);
  });

  it('describes queries without running them, and explains them', async () => {
    const columns = await warehouse.describeQuery(
      `select 1::numeric(10,2) as n, null::timestamptz as "At", '{}'::json as j`,
    );
    expect(columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['n', 'decimal'],
      ['At', 'timestamptz'],
      ['j', 'json'],
    ]);
    expect((await warehouse.estimate('select 1')).text).toContain('Result');
    expect((await warehouse.version()).engine).toMatch(/^PostgreSQL 1\d/);
  });

  it('JSON that PostgreSQL refuses fails no statement', async () => {
    const json = String.raw`'{"a":"x\u0000y","b":"\\u0000","c":"\ud800"}'`;
    const rows = await rowsOf(
      warehouse,
      `select pg_temp.rollcall_json(${json}::json) ->> 'a' as a, pg_temp.rollcall_json(${json}::text) ->> 'b' as b,
       pg_temp.rollcall_json(${json}::text) ->> 'c' as c, pg_temp.rollcall_json('{"n":1e999999}'::text) is null as n`,
    );
    expect(rows).toEqual([{ a: 'x\uFFFDy', b: '\\u0000', c: '\uFFFD', n: true }]);
  });
});
