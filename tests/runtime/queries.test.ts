/** What the command line asks of published state: members, diff, status, preview, validate, ls, retire. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Row } from '../../dialects/warehouse.js';
import {
  checkProject,
  diff,
  listDefinitions,
  members,
  modifiedKeys,
  preview,
  retire,
  status,
} from '../../runtime/index.js';
import { BUYERS, REVENUE, SPENDERS, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';
const MODELS = {
  buyers: BUYERS,
  recent: { definition: { event: 'Order Completed', within: '36 hours' } },
  revenue: REVENUE,
};
const CRM = {
  kind: 'destination',
  key: 'crm',
  type: 'file',
  settings: { path: 'out.jsonl' },
  send: ['identify'],
};

async function started(models: Readonly<Record<string, unknown>> = MODELS): Promise<Shop> {
  const made = await Shop.create(models);
  await made.write('destinations/crm.json', CRM);
  await made.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
    {
      id: '3',
      type: 'identify',
      user: 'bob',
      at: '2025-01-02T12:00:00Z',
      traits: { email: 'bob@example.com' },
    },
  );
  return made;
}

async function all(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

const ids = (rows: readonly Row[]): unknown[] => rows.map((row) => row['profile_id']);
const error = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (e: unknown) => e,
  );

describe('members', () => {
  it('come with identifiers, by profile_id', async () => {
    shop = await started();
    await shop.run(DAY1);
    const options = await shop.options();
    expect(await all(members({ ...options, key: 'buyers' }))).toEqual([
      { profile_id: 'ann', entered_at: DAY1, user_id: 'ann', email: null, anonymous_id: null },
      { profile_id: 'bob', entered_at: DAY1, user_id: 'bob', email: 'bob@example.com', anonymous_id: null },
    ]);
    expect(ids(await all(members({ ...options, key: 'buyers', limit: 1 })))).toEqual(['ann']);
    expect(await all(members({ ...options, key: 'revenue', limit: 1 }))).toMatchObject([
      { profile_id: 'ann', value: '160', updated_at: DAY1 },
    ]);
  });

  it('may be asked for as of an earlier run', async () => {
    shop = await started();
    await shop.run(DAY1);
    await shop.land(order('4', 'cid', '2025-01-03T11:00:00Z', 1));
    await shop.run(DAY2);
    const options = await shop.options();
    expect(ids(await all(members({ ...options, key: 'recent' })))).toEqual(['cid']);
    expect(ids(await all(members({ ...options, key: 'recent', asOf: DAY1 })))).toEqual(['bob']);
    // Between two runs the earlier one says.
    expect(ids(await all(members({ ...options, key: 'recent', asOf: '2025-01-03T23:59:59Z' })))).toEqual([
      'bob',
    ]);
    expect(ids(await all(members({ ...options, key: 'recent', asOf: DAY2 })))).toEqual(['cid']);
    expect(await error(all(members({ ...options, key: 'recent', asOf: '2025-01-02' })))).toMatchObject({
      exit: 2,
      diagnostics: [
        { code: 'invalid-as-of', hint: expect.stringContaining('rollcall preview recent') as unknown },
      ],
    });
  });

  it('of a trait are told of an earlier instant only where no value has changed since', async () => {
    shop = await started();
    await shop.run(DAY1);
    await shop.run('2025-01-03T18:00:00Z');
    const options = await shop.options();
    expect(ids(await all(members({ ...options, key: 'revenue', asOf: DAY1 })))).toEqual(['ann', 'bob']);
    await shop.land(order('4', 'cid', '2025-01-03T11:00:00Z', 1));
    await shop.run(DAY2);
    expect(await error(all(members({ ...options, key: 'revenue', asOf: DAY1 })))).toMatchObject({
      exit: 2,
      diagnostics: [{ code: 'no-history' }],
    });
    expect(ids(await all(members({ ...options, key: 'revenue', asOf: DAY2 })))).toEqual([
      'ann',
      'bob',
      'cid',
    ]);
  });

  it('of what is unknown, or was never computed, are an error', async () => {
    shop = await started();
    const options = await shop.options();
    expect(await error(all(members({ ...options, key: 'buyerz' })))).toMatchObject({
      exit: 2,
      diagnostics: [{ code: 'unknown-reference', hint: 'did you mean "buyers"?' }],
    });
    expect(await error(all(members({ ...options, key: 'buyers' })))).toMatchObject({
      diagnostics: [{ code: 'never-computed' }],
    });
  });
});

it('diff shows what the last run changed', async () => {
  shop = await started();
  await shop.run(DAY1);
  await shop.land(order('4', 'cid', '2025-01-03T11:00:00Z', 1));
  await shop.run(DAY2);
  const options = await shop.options();
  const recent = await diff({ ...options, key: 'recent' });
  expect(recent).toMatchObject({ run_id: 'run_2', as_of: DAY2, size: 1, counts: { entered: 1, exited: 1 } });
  expect(recent.entered).toMatchObject([{ profile_id: 'cid', entered_at: DAY2 }]);
  expect(recent.exited).toMatchObject([
    { profile_id: 'bob', entered_at: DAY1, exited_at: DAY2, email: 'bob@example.com' },
  ]);
  const revenue = await diff({ ...options, key: 'revenue' });
  expect(revenue.changed).toMatchObject([{ profile_id: 'cid', value: '1' }]);
});

it('status says where everything stands, before and after a run', async () => {
  shop = await started({ ...MODELS, buyers: { ...BUYERS, destinations: ['crm'] } });
  const before = await status(await shop.options());
  expect(before).toMatchObject({ last_run: null, target: 'dev', schema: 'rollcall' });
  expect(before.definitions.map((d) => [d.key, d.status, d.modified])).toEqual([
    ['buyers', 'new', true],
    ['recent', 'new', true],
    ['revenue', 'new', true],
  ]);
  await shop.run(DAY1);
  await shop.model('recent', SPENDERS);
  const after = await status(await shop.options());
  expect(after.definitions).toMatchObject([
    { key: 'buyers', status: 'live', size: 2, entered: 2, last_as_of: DAY1, modified: false },
    { key: 'recent', status: 'live', size: 1, modified: true },
    { key: 'revenue', status: 'live', size: 2 },
  ]);
  expect(after.destinations).toEqual([
    { key: 'crm', type: 'file', enabled: true, pending: 2, delivered: 0, failed: 0, last_delivery_at: null },
  ]);
  expect(after.last_run).toMatchObject({ run_id: 'run_1', status: 'succeeded' });
  expect(after.sources).toMatchObject([{ name: 'raw', watermark: '2025-01-02T12:00:00Z' }]);
});

it('preview computes and publishes nothing', async () => {
  shop = await started();
  const options = await shop.options();
  const found = await preview({ ...options, key: 'buyers', asOf: DAY1, limit: 1 });
  expect(found).toMatchObject({ kind: 'audience', as_of: DAY1, size: 2, sample: [{ profile_id: 'ann' }] });
  const trait = await preview({ ...options, key: 'revenue', asOf: DAY1 });
  expect(trait.sample).toMatchObject([
    { profile_id: 'ann', value: '160' },
    { profile_id: 'bob', value: '20' },
  ]);
  expect(await preview({ ...options, key: 'buyers', asOf: '2024-01-01' })).toMatchObject({
    size: 0,
    sample: [],
  });
  expect(await shop.query("select * from information_schema.tables where table_schema = 'rollcall'")).toEqual(
    [],
  );
});

it('validate knows the traits of a source that never landed, and reports every problem', async () => {
  shop = await started({
    mailed: { definition: { trait: 'email', exists: true } },
    typo: { definition: { trait: 'emial', exists: true } },
    ghost: { definition: { audience: 'nobody' } },
  });
  const { checked, diagnostics } = await checkProject(await shop.options());
  expect(checked).toBe(true);
  expect(diagnostics.map((d) => [d.code, d.definition]).sort()).toEqual([
    ['unknown-reference', 'ghost'],
    ['unknown-reference', 'typo'],
  ]);
  expect(diagnostics.find((d) => d.definition === 'typo')?.hint).toContain('email');
});

it('validate says when it could not look', async () => {
  shop = await started();
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'elsewhere.duckdb', schema: 'rollcall' } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  expect(await checkProject(await shop.options())).toMatchObject({
    checked: false,
    diagnostics: [{ code: 'unchecked', severity: 'warning' }],
  });
});

it('ls selects by graph, and by what changed', async () => {
  shop = await started({
    buyers: { ...BUYERS, tags: ['daily'] },
    ann: { definition: { audience: 'buyers' } },
  });
  const options = await shop.options();
  const keys = async (...select: string[]): Promise<string[]> =>
    (await listDefinitions({ ...options, select })).definitions.map((d) => d.key);
  expect(await keys()).toEqual(['buyers', 'ann']);
  expect(await keys('tag:daily+')).toEqual(['buyers', 'ann']);
  expect(await keys('+ann')).toEqual(['buyers', 'ann']);
  expect(await keys('tag:daily')).toEqual(['buyers']);
  expect(await error(keys('tag:dayly'))).toMatchObject({
    exit: 2,
    diagnostics: [{ code: 'unknown-selector' }],
  });
  expect(await modifiedKeys(options)).toEqual(new Set(['buyers', 'ann']));
  await shop.run(DAY1);
  expect(await modifiedKeys(options)).toEqual(new Set());
  await shop.model('buyers', SPENDERS);
  const edited = await shop.options();
  expect(await modifiedKeys({ ...edited, state: `${shop.dir}/target` })).toEqual(new Set(['buyers']));
  expect(await error(modifiedKeys({ ...edited, state: shop.dir }))).toMatchObject({
    diagnostics: [{ code: 'invalid-argument' }],
  });
});

describe('retire', () => {
  const removed = async (): Promise<void> => {
    shop = await started({ ...MODELS, buyers: { ...BUYERS, destinations: ['crm'] } });
    await shop.run(DAY1);
    await shop.remove('buyers');
    await shop.run(DAY2);
  };

  it('frees a key, so that it starts anew', async () => {
    await removed();
    const options = { ...(await shop.options()), key: 'buyers' };
    expect(await retire({ ...options, release: true })).toEqual({
      key: 'buyers',
      released: true,
      messages: 0,
    });
    const history = "select * from rollcall.membership_history where audience_key = 'buyers'";
    expect(await shop.query(history)).toEqual([]);
    const [before] = await shop.query('select max(definition_no) as no from rollcall.definitions');
    await shop.model('buyers', SPENDERS);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
    const [row] = await shop.query("select * from rollcall.definitions where key = 'buyers'");
    expect(row).toMatchObject({ status: 'live', first_run_at: DAY2, retired_at: null });
    expect(Number(row?.['definition_no'])).toBeGreaterThan(Number(before?.['no']));
    expect(await shop.query('select profile_id from rollcall.audience_buyers')).toEqual([
      { profile_id: 'ann' },
    ]);
  });

  it('never gives a number twice', async () => {
    shop = await started({ buyers: BUYERS, recent: MODELS.recent });
    await shop.run(DAY1);
    await shop.remove('recent');
    await shop.run(DAY1);
    await retire({ ...(await shop.options()), key: 'recent', release: true });
    await shop.model('recent', MODELS.recent);
    await shop.run(DAY1);
    expect(await shop.query('select definition_no from rollcall.definitions order by 1')).toEqual([
      { definition_no: '1' },
      { definition_no: '3' },
    ]);
  });

  it('sends the exits that removing did not, once', async () => {
    await removed();
    const options = { ...(await shop.options()), key: 'buyers', sendExits: true };
    expect(await retire(options)).toEqual({ key: 'buyers', released: false, messages: 2 });
    expect(await retire(options)).toMatchObject({ messages: 0 });
    const ends = await shop.query(
      "select payload from rollcall.outbox where value = 'false' order by identifier",
    );
    expect(ends.map((row) => JSON.parse(String(row['payload'])) as unknown)).toMatchObject([
      { type: 'identify', userId: 'ann', timestamp: DAY2, traits: { buyers: false } },
      { type: 'identify', userId: 'bob', traits: { buyers: false } },
    ]);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
  });

  it('is for removed keys only', async () => {
    shop = await started();
    await shop.run(DAY1);
    const options = await shop.options();
    const refused = { exit: 2, diagnostics: [{ code: 'invalid-argument' }] };
    expect(await error(retire({ ...options, key: 'buyers', release: true }))).toMatchObject(refused);
    expect(await error(retire({ ...options, key: 'buyers' }))).toMatchObject(refused);
    expect(await error(retire({ ...options, key: 'nobody', release: true }))).toMatchObject({
      diagnostics: [{ code: 'unknown-reference' }],
    });
  });
});
