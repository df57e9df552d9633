import { expect, test } from 'vitest';

import { checkDestinations } from '../../delivery/index.js';
import { table } from '../../delivery/destinations/table.js';
import type { Destination } from '../../models/definition.js';
import { destination } from './support.js';
import { sync as syncFrom, testWarehouse, type TestWarehouse } from './warehouse.js';

const sync = (w: TestWarehouse, ...destinations: Destination[]) => syncFrom(w, { destinations });

test('a row a message, each once, and what was told is remembered', async () => {
  await using w = await testWarehouse();
  const crm = destination('table', { table: 'changes_of_crm' });
  await w.queue([
    { id: 'm1', user: `a'b "c"` },
    { id: 'm2', user: 'b', value: 'false' },
  ]);
  expect(await sync(w, crm)).toMatchObject({ exit: 0, destinations: [{ delivered: 2, waiting: 0 }] });
  await w.queue([{ id: 'm3', run: 2, user: 'b' }]);
  await sync(w, crm);
  expect(await sync(w, crm)).toMatchObject({ exit: 0, destinations: [{ delivered: 0, waiting: 0 }] });
  const columns = 'message_id, definition_key, identifier_type, identifier, value, run_id';
  expect(await w.rows(`SELECT ${columns} FROM rollcall.changes_of_crm ORDER BY 1`)).toEqual([
    {
      message_id: 'm1',
      definition_key: 'buyers',
      identifier_type: 'user_id',
      identifier: `a'b "c"`,
      value: 'true',
      run_id: 'run1',
    },
    {
      message_id: 'm2',
      definition_key: 'buyers',
      identifier_type: 'user_id',
      identifier: 'b',
      value: 'false',
      run_id: 'run1',
    },
    {
      message_id: 'm3',
      definition_key: 'buyers',
      identifier_type: 'user_id',
      identifier: 'b',
      value: 'true',
      run_id: 'run2',
    },
  ]);
  expect(
    await w.rows('SELECT count(*) AS n, count(DISTINCT message_id) AS d FROM rollcall.deliveries'),
  ).toEqual([{ n: '3', d: '3' }]);
  expect(await w.rows('SELECT identifier, value FROM rollcall.sent ORDER BY 1 DESC')).toEqual([
    { identifier: 'b', value: 'true' },
    { identifier: `a'b "c"`, value: 'true' },
  ]);
});

test('a list: a row a member, whole at first and then as it changes', async () => {
  await using w = await testWarehouse();
  const crm = destination('table', { table: 'elsewhere.members' }, { list: true });
  const members = () =>
    w.rows('SELECT definition_key AS d, identifier AS i FROM elsewhere.members ORDER BY ALL');
  await w.warehouse.execute('CREATE SCHEMA elsewhere');
  await w.queue([
    { id: 'm1', user: 'a' },
    { id: 'm2', user: 'b' },
    { id: 'm3', user: 'a', definition: 'big' },
    { id: 'm4', run: 2, user: 'b', value: 'false' },
    { id: 'm5', run: 3, user: 'c' },
  ]);
  await sync(w, crm);
  const first = [
    { d: 'big', i: 'a' },
    { d: 'buyers', i: 'a' },
    { d: 'buyers', i: 'c' },
  ];
  expect(await members()).toEqual(first);
  await w.queue([
    { id: 'm6', run: 4, user: 'a', value: 'false' },
    { id: 'm7', run: 4, user: 'b' },
  ]);
  await sync(w, crm);
  expect(await members()).toEqual([
    { d: 'big', i: 'a' },
    { d: 'buyers', i: 'b' },
    { d: 'buyers', i: 'c' },
  ]);
});

test('a schema that is not there stops it alone, and nothing is taken for delivered', async () => {
  await using w = await testWarehouse();
  await w.queue([{ id: 'm1' }, { id: 'o1', destination: 'other' }]);
  const result = await sync(
    w,
    destination('table', { table: 'nowhere.t' }),
    destination('table', { table: 't' }, { key: 'other' }),
  );
  expect(result).toMatchObject({
    exit: 1,
    destinations: [
      { status: 'stopped', delivered: 0, waiting: 1, error: expect.stringContaining('nowhere') },
      { status: 'succeeded', delivered: 1 },
    ],
  });
  expect(await w.rows('SELECT message_id FROM rollcall.deliveries')).toEqual([{ message_id: 'o1' }]);
});

test('names of our own, and what no table can do', () => {
  expect(table.check({ table: 'shop.Outbox' }).map((p) => p.message)).toEqual([
    `settings.table: "outbox" is the name of a table of Rollcall's own`,
  ]);
  for (const name of ['locks', 'leases', 'trait_values'])
    expect(table.check({ table: name })).toHaveLength(1);
  expect(table.check({ table: 'constructor' })).toEqual([]);
  const hashing = destination('table', { table: 't' }, { hash: { email: { as: 'email' } } });
  expect(checkDestinations([hashing])[0]?.message).toContain('neither hashed nor renamed');
});
