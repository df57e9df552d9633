import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

import { BUYERS, CONFIG, documentOf, emptyFolder, rollcall, SPENT, type Shop } from './support.js';

const GROCER = fileURLToPath(new URL('../../examples/grocer', import.meta.url));

interface Document {
  readonly passed: number;
  readonly failed: number;
  readonly tests: readonly {
    readonly name: string;
    readonly status: string;
    readonly failures: readonly Record<string, unknown>[];
  }[];
}

const order = (user_id: string, ago: string, revenue: number) => ({
  event: 'Order Completed',
  user_id,
  ago,
  properties: { revenue },
});

/** A project whose target could not be opened, whose variables are not set, and which has one test. */
async function project(step: Readonly<Record<string, unknown>>, over: object = {}): Promise<Shop> {
  const made = await emptyFolder();
  const targets = { prod: { type: 'bigquery', project: '${env:GCP_PROJECT}', dataset: 'rollcall' } };
  await made.write('rollcall.json', { ...CONFIG, target: 'prod', targets, ...over });
  await made.write('models/buyers.json', BUYERS);
  await made.write('models/spent.json', SPENT);
  const settings = { url: '${env:CRM_URL}' };
  await made.write('destinations/crm.json', { kind: 'destination', key: 'crm', type: 'webhook', settings });
  await made.write('tests/orders.json', {
    tests: [{ name: 'orders count', steps: [{ as_of: '2025-03-01', ...step }] }],
  });
  return made;
}

const LAND = [order('ann', '2 days', 10), order('ann', '40 days', 5.5), order('bob', '40 days', 7)];

test('the grocer’s own tests pass, and what they print is one line each', { timeout: 60_000 }, async () => {
  const { exit, stdout, stderr } = await rollcall(GROCER, ['test']);
  expect([exit, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('✔ ')).length).toBeGreaterThan(6);
  expect(lines.at(-1)).toMatch(/^✔ \d+ tests: \d+ passed \(.*\)$/);
});

test('a test passes without its target, its variables or its destinations', async () => {
  await using p = await project({
    land: LAND,
    expect: { members: { buyers: ['ann'] }, traits: { spent: { ann: 15.5, bob: 7.0 } } },
  });
  const ran = await rollcall(p.dir, ['test', '--json']);
  expect(ran.exit).toBe(0);
  expect(documentOf(ran)).toMatchObject({
    passed: 1,
    failed: 0,
    errors: 0,
    tests: [
      {
        name: 'orders count', file: 'tests/orders.json', line: 4, definitions: ['buyers', 'spent'],
        status: 'passed', failures: [], diagnostics: [],
      },
    ],
  }); // prettier-ignore
  expect(ran.stderr).toContain('✔ orders count');
});

describe('what does not hold', () => {
  const wrong = { members: { buyers: ['bob', 'cyd'] }, traits: { spent: { ann: 15, cyd: 1 } } };

  test('is printed with its place and the difference', async () => {
    await using p = await project({ land: LAND, expect: wrong });
    const { exit, stdout } = await rollcall(p.dir, ['test']);
    expect(exit).toBe(1);
    expect(stdout.replace(/ {2}\d[\d.]* m?s$/gm, '').replace(/\(.*s\)/, '')).toBe(
      `✖ orders count
  tests/orders.json:36:15 buyers  step 1, as of 2025-03-01 00:00
    - missing     bob
    - missing     cyd
    + unexpected  ann
  tests/orders.json:42:15 spent  step 1, as of 2025-03-01 00:00
    ann  expected 15, got 15.5
    cyd  expected 1, got no value
    bob  expected no value, got 7

✖ 1 test: 1 failed 
`,
    );
  });

  test('is in the document', async () => {
    await using p = await project({ land: LAND, expect: wrong });
    const ran = await rollcall(p.dir, ['test', '--json']);
    expect(documentOf<Document>(ran).tests[0]?.failures).toEqual([
      {
        key: 'buyers', kind: 'audience', step: 1, as_of: '2025-03-01T00:00:00Z', line: 36, column: 15,
        missing: ['bob', 'cyd'], unexpected: ['ann'], values: [],
      },
      {
        key: 'spent', kind: 'trait', step: 1, as_of: '2025-03-01T00:00:00Z', line: 42, column: 15,
        missing: [], unexpected: [],
        values: [
          { profile: 'ann', expected: 15, got: 15.5 },
          { profile: 'cyd', expected: 1, got: null },
          { profile: 'bob', expected: null, got: 7 },
        ],
      },
    ]); // prettier-ignore
  });

  test('is in the JUnit file, escaped', async () => {
    await using p = await project({
      land: [order('a<b>&"\u0001', '1 day', 1)],
      expect: { members: { buyers: [] } },
    });
    expect((await rollcall(p.dir, ['test', '--junit', 'out/junit.xml'])).exit).toBe(1);
    const xml = (await readFile(join(p.dir, 'out/junit.xml'), 'utf8')).replace(/time="[\d.]+"/g, 'time=""');
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rollcall" tests="1" failures="1" errors="0" time="">
  <testsuite name="tests/orders.json" tests="1" failures="1" errors="0" time="">
    <testcase name="orders count" classname="tests/orders.json" file="tests/orders.json" line="4" time="">
      <failure message="tests/orders.json:20:15 buyers  step 1, as of 2025-03-01 00:00">tests/orders.json:20:15 buyers  step 1, as of 2025-03-01 00:00
  + unexpected  a&lt;b&gt;&amp;&quot;\ufffd</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
  });
});

describe('mistakes in the files are exit 2', () => {
  test('all of them, each with its place', async () => {
    await using p = await project({ land: [], expect: { members: { buyers: [] } } });
    const step = (over: object) => ({ as_of: '2025-03-01', expect: { members: { buyers: [] } }, ...over });
    await p.write('tests/deep/more.json', {
      tests: [
        { name: 'orders count', steps: [step({})] },
        { name: 'keys', steps: [step({ expect: { members: { byers: [], spent: [] } } })] },
        { name: 'lists', definitions: ['spnt'], steps: [step({ land: ['regulars'] })] },
        { name: 'messages', steps: [step({ land: [{ user_id: 'a' }, { event: 'X' }, { ...order('a', '1 day', 1), source: 'web' }] })] },
        { name: 'order', steps: [step({}), step({ as_of: '2025-02-01' })] },
        { name: 'tables', steps: [step({ tables: { 'raw.mesages': [] } })] },
      ],
    }); // prettier-ignore
    await p.write('tests/slips.json', {
      tests: [
        { name: 'x', steps: [{ as_of: 'yesterday', expects: {}, land: [{ event: 'A', user: 'ann' }] }] },
      ],
    });
    const ran = await rollcall(p.dir, ['test', '--json']);
    expect(ran.exit).toBe(2);
    const { errors } = documentOf<{
      errors: { file: string; code: string; message: string; line: number }[];
    }>(ran);
    expect(errors.every(({ line }) => line > 0)).toBe(true);
    expect(errors.map(({ file, code, message }) => `${file} ${code} ${message}`)).toEqual([
      'tests/deep/more.json unknown-reference there is no audience "byers"',
      'tests/deep/more.json invalid-value "spent" is a trait',
      'tests/deep/more.json unknown-reference there is no definition "spnt"',
      'tests/deep/more.json unknown-reference there is no list of messages "regulars"',
      'tests/deep/more.json missing-key the message has neither "event" nor "traits"',
      'tests/deep/more.json missing-key the message is nobody’s',
      'tests/deep/more.json unknown-reference there is no source "web"',
      'tests/deep/more.json invalid-value this step is before the one above it',
      'tests/deep/more.json unknown-reference no source or entity reads a table "raw.mesages"',
      'tests/orders.json duplicate-key another test is called "orders count", in tests/deep/more.json:4:15',
      'tests/slips.json invalid-instant "yesterday" is not an ISO 8601 date or instant',
      'tests/slips.json unknown-key unknown key "expects"',
      'tests/slips.json unknown-key unknown key "user"',
    ]);
  });

  test('a project without tests', async () => {
    await using dir = await emptyFolder();
    await dir.write('rollcall.json', CONFIG);
    await dir.write('models/buyers.json', { ...BUYERS, destinations: [] });
    const { exit, stderr } = await rollcall(dir.dir, ['test']);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^no-tests there is no test in .*\n {2}hint: write tests\/NAME\.json/);
  });

  test('a definition that cannot be compiled; it stops only tests about it', async () => {
    await using p = await project({ land: LAND, expect: { members: { buyers: ['ann'] } } });
    const parentless = { property: 'sku', equals: { property: 'sku', of: 'parent' } };
    const definition = { event: 'Order Completed', where: parentless };
    const accounts = { ...BUYERS, key: 'accounts', destinations: [], definition };
    await p.write('models/accounts.json', accounts);
    expect((await rollcall(p.dir, ['test'])).exit).toBe(0);
    await p.write('tests/accounts.json', {
      tests: [{ name: 'a', steps: [{ as_of: '2025-01-01', expect: { members: { accounts: [] } } }] }],
    });
    const { exit, stderr } = await rollcall(p.dir, ['test']);
    expect(exit).toBe(2);
    expect(stderr).toContain('models/accounts.json');
  });
});

describe('--select', () => {
  test('limits to tests about what is selected', { timeout: 60_000 }, async () => {
    const ran = await rollcall(GROCER, ['test', '--json', '--select', 'wine_*']);
    expect(documentOf<Document>(ran).tests.map(({ name }) => name)).toEqual([
      'wine of any kind counts, vinegar does not',
    ]);
    const none = await rollcall(GROCER, ['test', '--select', 'baby_households']);
    expect([none.exit, none.stdout]).toEqual([
      0,
      expect.stringContaining('no test is about what is selected'),
    ]);
  });

  test.each([
    ['state:modified', 'compares with a warehouse'],
    ['wine_drinker', 'did you mean "wine_drinkers"?'],
  ])('%s is refused', async (selector, message) => {
    const { exit, stderr } = await rollcall(GROCER, ['test', '--select', selector]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('messages land in the shape of the project’s sources', () => {
  const PLAN = { kind: 'audience', key: 'pro', definition: { trait: 'account.plan', equals: 'pro' } };
  const VISITS = {
    kind: 'audience', key: 'visits',
    definition: { event: 'Page Viewed', where: { all: [{ property: 'page_name', equals: 'Home' }, { context: 'page.url', contains: '/x' }] } },
  }; // prettier-ignore
  const LANDED = [
    ...LAND,
    { user_id: 'ann', traits: { account: { plan: 'pro' }, email: 'a@example.com' } },
    { type: 'page', user_id: 'bob', name: 'Home', context: { page: { url: 'https://x/x' } } },
    { event: 'Unrelated Thing', anonymous_id: 'v1', properties: { list: [1, { a: 2 }], mixed: 1 } },
    { event: 'Unrelated Thing', anonymous_id: 'v1', properties: { mixed: 'text' } },
  ];
  const EXPECT = {
    members: { buyers: ['ann'], pro: ['ann'], visits: ['bob'] },
    traits: { spent: { ann: 15.5, bob: 7 } },
  };

  test.each([
    ['messages', { name: 'raw', layout: 'messages', table: 'lake.raw.messages', columns: { user_id: 'uid', source_id: null } }],
    ['segment', { name: 'web', layout: 'segment', schema: 'web', columns: { received_at: 'loaded_at' } }],
  ])('%s', async (_, source) => {
    await using p = await project({ land: LANDED, expect: EXPECT }, { sources: [source] });
    await p.write('models/pro.json', PLAN);
    await p.write('models/visits.json', VISITS);
    const { exit, stdout } = await rollcall(p.dir, ['test']);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('1 passed')]);
  }); // prettier-ignore

  test('a table, beside a stream without that event; and rows as they are', async () => {
    const sources = [
      { name: 'web', layout: 'segment', schema: 'web' },
      {
        name: 'orders', layout: 'table', table: 'shop.orders', event: 'Order Completed',
        columns: { id: 'order_id', timestamp: 'created_at', user_id: 'customer_id', received_at: null },
      },
    ]; // prettier-ignore
    const rows = [{ order_id: 1, created_at: '2025-02-27T10:00:00Z', customer_id: 12, revenue: 3 }];
    const tables = { 'shop.orders': rows };
    const members = { buyers: ['12', 'ann'], visits: [] };
    const traits = { spent: { ann: 15.5, bob: 7, 12: 3 } };
    await using p = await project({ land: LAND, tables, expect: { members, traits } }, { sources });
    await p.write('models/visits.json', VISITS);
    const { exit, stdout, stderr } = await rollcall(p.dir, ['test']);
    expect([exit, stdout, stderr]).toEqual([0, expect.stringContaining('1 passed'), '']);
  });

  test('a message no source takes', async () => {
    const sources = [{ name: 'orders', layout: 'table', table: 'orders', event: 'Order Completed' }];
    const land = [
      { user_id: 'ann', traits: {} },
      { event: 'Cart Viewed', user_id: 'ann' },
    ];
    await using p = await project({ land, expect: { members: { buyers: [] } } }, { sources });
    const { exit, stderr } = await rollcall(p.dir, ['test']);
    expect(exit).toBe(2);
    expect(stderr).toContain('no source takes a message of type identify');
    expect(stderr).toContain('no source takes the event "Cart Viewed"');
  });
});

test('several steps are runs on what landed until then; disabled definitions are tested too', async () => {
  await using p = await project({ expect: { members: { buyers: [] } } });
  await p.write('models/buyers.json', { ...BUYERS, enabled: false, history: false });
  await p.write('tests/orders.json', {
    messages: { two: [order('ann', '2 days', 1), order('bob', '1 day', 1)] },
    tests: [
      {
        name: 'history begins with the first run',
        steps: [
          { as_of: '2025-01-01', land: ['two'], expect: { members: { buyers: [] } } },
          {
            as_of: '2025-01-11',
            land: [order('ann', '5 days', 1)],
            expect: { members: { buyers: ['ann'] } },
          },
          { as_of: '2025-03-01', expect: { members: { buyers: [] } } },
        ],
      },
    ],
  });
  const { exit, stdout } = await rollcall(p.dir, ['test']);
  expect([exit, stdout]).toEqual([0, expect.stringContaining('✔ history begins with the first run')]);
});
