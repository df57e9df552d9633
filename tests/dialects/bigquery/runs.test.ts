/**
 * What goes wrong in the middle of a run on BigQuery, as a user meets it: exit code and text of the command, and state that is as it
 * was. Through the official client, on GoogleSQL's evaluator behind BigQuery's API.
 */
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { BUYERS, CONFIG, emptyFolder, rollcall, SPENT, type Ran, type Shop } from '../../cli/support.js';
import { startedServer } from '../../engines/bigquery-evaluator.js';
import { Refusal } from '../../support/bigquery-service/database.js';
import { BigQueryService, type Fate } from '../../support/bigquery-service/service.js';
import { rowsOf } from '../../support/zetasql/server.js';

const evaluator = await startedServer();
let service: BigQueryService;
let shop: Shop;
afterAll(() => evaluator[Symbol.asyncDispose]());

const said = (sql: string) => service.database.execute(sql);
const rows = async (sql: string): Promise<unknown> =>
  rowsOf((await said(sql)).result ?? { columns: [], rows: [] });
const order = (id: string, user: string) =>
  said(`insert into raw.messages (message_id, type, event, timestamp, received_at, user_id, properties)
select '${id}', 'track', 'Order Completed', timestamp '2025-02-20 00:00:00+00', timestamp '2025-02-20 00:00:00+00', '${user}', '{"revenue": 7}'`);

/** What a reader sees. */
const state = async (): Promise<unknown> => [
  await rows('select audience_key, profile_id, entered_at from rollcall.memberships order by 1, 2'),
  await rows('select trait_key, profile_id, text_value from rollcall.trait_values order by 1, 2'),
  await rows('select definition_key, as_of, size from rollcall.snapshots order by 1, 2'),
];
const buyers = (): Promise<unknown> =>
  rows(`select profile_id from rollcall.memberships where audience_key = 'buyers' order by 1`);
const run = (): Promise<Ran> => rollcall(shop.dir, ['run', '--log-format', 'json']);

/** Does so with the first statement of a step, as often as it says; whatever it does, it is done once a statement. */
function once(step: string, fate: () => Fate | Promise<Fate>, times = 1): void {
  let left = times;
  service.watch = (_sql, at) => (at.startsWith(step) && left-- > 0 ? fate() : undefined);
}

beforeEach(async () => {
  service = await BigQueryService.start(evaluator);
  shop = await emptyFolder();
  const target = { type: 'bigquery', project: 'test', location: 'US', api_endpoint: service.endpoint };
  await shop.write('rollcall.json', { ...CONFIG, targets: { dev: { ...target, dataset: 'rollcall' } } });
  await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
  await shop.write('models/spent.json', SPENT);
  await said('create schema if not exists raw');
  await said(`create table if not exists raw.messages (message_id string, type string, event string, name string,
    timestamp timestamp, received_at timestamp, user_id string, anonymous_id string, group_id string,
    properties string, traits string, context string)`);
  await order('1', 'ann');
  const first = await run();
  expect(first.exit, first.stderr).toBe(0);
  await order('2', 'bob');
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const BOTH = [{ profile_id: 'ann' }, { profile_id: 'bob' }];

it.each([
  ['a conflict while it publishes', 'publish_snapshots', 400, 'invalidQuery', 'Transaction is aborted due to concurrent update against table test:rollcall.snapshots'],
  ['a quota while it computes', 'compute', 403, 'quotaExceeded', 'Quota exceeded: Your project exceeded quota'],
] as const)('%s is waited for, told as a retry, and got over', async (_what, step, code, reason, message) => {
  once(step, () => new Refusal(code, reason, message));
  const ran = await run();
  expect(ran.exit, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(new RegExp(`"event":"retry"[^\\n]*${message}`));
  expect(await buyers()).toEqual(BOTH);
}); // prettier-ignore

it.each([
  ['before a statement is heard', 'land_raw', 'cut'],
  ['before a statement is answered, which is then not done twice', 'publish_snapshots', 'deaf'],
] as const)('a network that is cut %s is got over', async (_when, step, fate) => {
  once(step, () => fate);
  const ran = await run();
  expect(ran.exit, ran.stderr).toBe(0);
  expect(await buyers()).toEqual(BOTH);
  expect(await rows('select definition_key from rollcall.snapshots')).toHaveLength(4);
});

it.each([
  ['credentials that expire', 401, 'authError', 'Request had invalid authentication credentials.', /refused the credentials/],
  ['a right that is taken away', 403, 'accessDenied', 'Access Denied: Table test:rollcall.snapshots', /denied access[^]*roles\/bigquery/],
] as const)('%s while it publishes: exit 4, state as it was, and the next run goes on', async (_what, code, reason, message, text) => {
  const before = await state();
  once('publish_snapshots', () => new Refusal(code, reason, message), 100);
  const ran = await run();
  expect(ran.exit, ran.stderr).toBe(4);
  expect(ran.stderr).toMatch(text);
  expect(await state()).toEqual(before);
  service.watch = () => undefined;
  expect((await run()).exit).toBe(0);
  expect(await buyers()).toEqual(BOTH);
}); // prettier-ignore

it('a table renamed between looking and reading: the run says which, state stays, and the next run goes on', async () => {
  const before = await state();
  let renamed = false;
  service.watch = async (sql) => {
    // A transaction sees what was there when it began.
    if (renamed || sql !== 'begin transaction') return undefined;
    renamed = true;
    await said('create or replace table raw.elsewhere as\nselect * from raw.messages');
    await said('drop table if exists raw.messages');
    return undefined;
  };
  const ran = await run();
  expect(ran.exit, ran.stderr).toBe(1);
  expect(ran.stderr).toMatch(/step land\.raw\S* failed: Not found: Table test:raw\.messages/);
  expect(await state()).toEqual(before);
  service.watch = () => undefined;
  await said('create or replace table raw.messages as\nselect * from raw.elsewhere');
  expect((await run()).exit).toBe(0);
  expect(await buyers()).toEqual(BOTH);
});
