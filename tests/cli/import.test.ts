import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { writeAll } from '../../cli/importing/write.js';
import { CONFIG, documentOf, emptyFolder, rollcall, type Shop } from './support.js';

const item = (key: string, query: string, over: object = {}) => ({
  id: `aud_${key}`,
  spaceId: 'spa_9aQ1Lj62S4bomZKLF4DPqW',
  name: key.replaceAll('_', ' '),
  description: '',
  key,
  enabled: true,
  definition: { query, type: 'USERS' },
  status: 'Live',
  createdAt: '2024-05-01T10:00:00.000Z',
  ...over,
});

const CARTS =
  "event('Product Added').where( NOT event('Order Completed').within(parent: 1 day).count() >= 1 ).within(7 days).count() >= 1";
const REVENUE = "event('Order Completed').within(180 days).sum(property('revenue'))";

const AUDIENCES = [
  item('abandoned_carts', CARTS, {
    name: 'Abandoned carts',
    description: 'Added a product, no order within a day',
    options: { includeHistoricalData: false, includeAnonymousUsers: true, filterByExternalIds: [] },
  }),
  item('Big-Spenders', "trait('total_revenue') >= 500", { enabled: false, tags: ['finance'] }),
  item('vip', "trait('Big-Spenders') = true"),
];
const LISTING = { data: { audiences: AUDIENCES, pagination: { current: 'MA==', totalEntries: 3 } } };
const TRAITS = {
  data: { computedTraits: [item('total_revenue', REVENUE)], pagination: { current: 'MA==' } },
};

async function shop(): Promise<Shop> {
  const made = await emptyFolder();
  await made.write('rollcall.json', CONFIG);
  return made;
}

const read = async (s: Shop, file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(s.dir, file), 'utf8')) as Record<string, unknown>;

interface Document {
  readonly imported: readonly {
    key: string;
    kind: string;
    file: string;
    renamed_from: string | null;
    notes: string[];
  }[];
  readonly refused: readonly {
    key: string;
    errors: { code: string; line: number; column: number; message: string }[];
  }[];
  readonly warnings: readonly { code: string }[];
}

test('listings become files that are valid', async () => {
  await using s = await shop();
  await s.write('audiences.json', LISTING);
  await s.write('traits.json', TRAITS);
  const { exit, stdout, stderr } = await rollcall(s.dir, [
    'import',
    'segment',
    'audiences.json',
    'traits.json',
  ]);
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /✔ {2}audience {2}big_spenders \(disabled\) +models\/imported\/big_spenders\.json +was "Big-Spenders"/,
  );
  expect(stdout).toContain('reads "Big-Spenders", whose key is now big_spenders');
  expect(stdout).toContain('✔ 4 definitions imported');
  const { $schema: _, ...carts } = await read(s, 'models/imported/abandoned_carts.json');
  expect(carts).toEqual({
    kind: 'audience',
    key: 'abandoned_carts',
    name: 'Abandoned carts',
    description: 'Added a product, no order within a day',
    include_anonymous: true,
    history: false,
    definition: { query: CARTS },
  });
  const spenders = await read(s, 'models/imported/big_spenders.json');
  expect(spenders).toMatchObject({ enabled: false, tags: ['finance'] });
  expect((await rollcall(s.dir, ['validate', '--offline'])).exit).toBe(0);
});

test('--as json writes the other form, --into another folder', async () => {
  await using s = await shop();
  await s.write('traits.json', TRAITS);
  const argv = ['import', 'segment', 'traits.json', '--as', 'json', '--into', './models/cdp/'];
  expect((await rollcall(s.dir, argv)).exit).toBe(0);
  expect(await read(s, 'models/cdp/total_revenue.json')).toMatchObject({
    definition: { event: 'Order Completed', within: '180 days', sum: { property: 'revenue' } },
  });
});

describe('what is found in a file', () => {
  const one = item('vip', "trait('plan') = 'vip'");
  const two = item('total', REVENUE);
  test.each([
    ['one object', one, ['audience vip']],
    ['a list, kinds told by their queries', [one, two], ['audience vip', 'trait total']],
    ['an envelope of one', { data: { computedTrait: two } }, ['trait total']],
    [
      'pages',
      [{ data: { audiences: [one] } }, { data: { computedTraits: [two] } }],
      ['audience vip', 'trait total'],
    ],
    ['without data', { audiences: [one] }, ['audience vip']],
    ['an empty listing', { data: { audiences: [] } }, []],
  ])('%s', async (_, listing, expected) => {
    await using s = await shop();
    await s.write('listing.json', listing);
    const ran = await rollcall(s.dir, ['import', 'segment', 'listing.json', '--json']);
    expect(ran.exit).toBe(0);
    expect(documentOf<Document>(ran).imported.map(({ kind, key }) => `${kind} ${key}`)).toEqual(expected);
  });

  test('a page that is not the last is told', async () => {
    await using s = await shop();
    await s.write('a.json', {
      data: { audiences: [one], pagination: { current: 'MA==', next: 'MQ==', totalEntries: 2 } },
    });
    const ran = await rollcall(s.dir, ['import', 'segment', 'a.json', '--json']);
    expect([ran.exit, documentOf<Document>(ran).warnings.map((w) => w.code)]).toEqual([
      0,
      ['partial-listing'],
    ]);
    expect(ran.stderr).toContain('the listing goes on: 1 of 2 are in this page');
  });
});

test('what cannot be imported is told with its place; the rest is written', async () => {
  await using s = await shop();
  const audiences = [
    item('good', "trait('plan') = 'vip'"),
    item('bad', 'event(\'A "quoted" name\').count() => 3'),
    item('linked', '', { definition: { query: 'x', type: 'LINKED' } }),
    item('empty', ''),
    item('Good', "trait('plan') = 'x'"),
    item('???', "trait('plan') = 'x'", { name: '!' }),
    item('value', REVENUE),
  ];
  await s.write('a.json', { data: { audiences } });
  const ran = await rollcall(s.dir, ['import', 'segment', 'a.json', '--json']);
  const { imported, refused } = documentOf<Document>(ran);
  expect([ran.exit, imported.map(({ key }) => key)]).toEqual([1, ['good']]);
  expect(
    refused.map(({ key, errors }) => `${key}: ${errors.map((e) => `${e.code} ${e.message}`).join()}`),
  ).toEqual([
    'bad: invalid-query "=>" is not a comparison',
    'linked: not-supported a definition of type "LINKED" cannot be imported, only of users and accounts',
    'empty: missing-key it has no query text under "definition"',
    'good: duplicate-key the key "good" (made of "Good") is listed twice',
    ': invalid-value no key can be made of it: it has neither key nor name in letters or digits',
    expect.stringMatching(/^value: invalid-query /),
  ]);
  // inside the query, through its escapes
  const line = (await readFile(join(s.dir, 'a.json'), 'utf8')).split('\n')[
    (refused[0]?.errors[0]?.line ?? 0) - 1
  ];
  expect(line?.slice((refused[0]?.errors[0]?.column ?? 0) - 1)).toMatch(/^=> 3/);
  expect(await readdir(join(s.dir, 'models/imported'))).toEqual(['good.json']);
});

test('nothing is overwritten without --force', async () => {
  await using s = await shop();
  const mine = { kind: 'audience', key: 'vip', definition: { trait: 'plan', equals: 'mine' } };
  await s.write('models/mine.json', mine);
  await s.write('models/imported/total.json', { ...mine, key: 'other' });
  await s.write('a.json', [item('vip', "trait('plan') = 'vip'"), item('total', REVENUE)]);
  const refused = await rollcall(s.dir, ['import', 'segment', 'a.json']);
  expect(refused.exit).toBe(1);
  expect(refused.stderr).toContain('the key "vip" is already used in models/mine.json');
  expect(refused.stderr).toContain('there is a file models/imported/total.json already');
  expect(await read(s, 'models/mine.json')).toEqual(mine);

  expect((await rollcall(s.dir, ['import', 'segment', 'a.json', '--force'])).exit).toBe(0);
  expect(await read(s, 'models/mine.json')).toMatchObject({ definition: { query: "trait('plan') = 'vip'" } });
  expect(await read(s, 'models/imported/total.json')).toMatchObject({ kind: 'trait', key: 'total' });
});

describe('unusable input is exit 2', () => {
  test.each([
    ['not JSON', '{ "data": ', [], 'invalid-json'],
    ['another document', { data: { sources: [] } }, [], 'holds neither audiences nor computed traits'],
    ['a folder that is not read', TRAITS, ['--into', 'definitions'], '--into models/definitions'],
    ['a folder that escapes', TRAITS, ['--into', 'models/../..'], 'is not below models/'],
  ])('%s', async (_, content, more, message) => {
    await using s = await shop();
    await s.write('a.json', content);
    const { exit, stderr } = await rollcall(s.dir, ['import', 'segment', 'a.json', ...more]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect((await readdir(s.dir)).sort()).toEqual(['a.json', 'rollcall.json']);
  });

  test.each([
    [['import', 'segment', 'nothing.json'], 'nothing.json: it does not exist'],
    [['import', 'amplitude', 'a.json'], 'Allowed choices are segment'],
    [['import', 'segment'], 'missing required argument "files"'],
  ])('%j', async (argv, message) => {
    await using s = await shop();
    const { exit, stderr } = await rollcall(s.dir, argv);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test('a folder without a project', async () => {
    await using s = await emptyFolder();
    expect((await rollcall(s.dir, ['import', 'segment', 'a.json'])).stderr).toContain('no-project');
  });
});

test('files are written all or none', async () => {
  await using s = await emptyFolder();
  await s.write('models/a.json', 'before');
  await mkdir(join(s.dir, 'models/b.json'), { recursive: true });
  const files = ['a.json', 'deep/c.json', 'b.json'].map((file) => ({
    path: join(s.dir, 'models', file),
    text: 'after',
  }));
  await expect(writeAll(files)).rejects.toThrow();
  expect(await readFile(join(s.dir, 'models/a.json'), 'utf8')).toBe('before');
  expect((await readdir(join(s.dir, 'models'), { recursive: true })).sort()).toEqual(['a.json', 'b.json']);
});

test('the format is completed', async () => {
  await using s = await shop();
  expect((await rollcall(s.dir, ['__complete', '--', 'import', ''])).stdout).toBe('segment\n');
  expect((await rollcall(s.dir, ['__complete', '--', 'import', 'segment', '--as', ''])).stdout).toBe(
    'query\njson\n',
  );
});
