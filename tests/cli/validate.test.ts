import { expect, test } from 'vitest';

import { BUYERS, CONFIG, documentOf, emptyFolder, rollcall, shop } from './support.js';

interface Document {
  readonly valid: boolean;
  readonly checked: boolean;
  readonly errors: readonly Record<string, unknown>[];
  readonly warnings: readonly Record<string, unknown>[];
}

test('a folder without a project', async () => {
  await using dir = await emptyFolder();
  const { exit, stdout, stderr } = await rollcall(dir.dir, ['validate']);
  expect([exit, stdout.trim()]).toEqual([2, '✖ 1 error']);
  expect(stderr).toMatch(/^no-project there is no rollcall.json/);
});

test('a good project', async () => {
  await using s = await shop();
  const { exit, stdout, stderr } = await rollcall(s.dir, ['validate']);
  expect([exit, stdout, stderr]).toEqual([0, '✔ 2 definitions, 1 destination: valid\n', '']);
  const ran = await rollcall(s.dir, ['validate', '--json']);
  expect(documentOf(ran)).toEqual({ valid: true, checked: true, errors: [], warnings: [] });
  expect(ran.stderr).toContain('valid');
});

test('every problem is printed, with its place, the line and a caret', async () => {
  await using s = await shop();
  await s.write('models/a.json', { ...BUYERS, key: 'a', definition: { event: 'X', count: { at_leest: 1 } } });
  await s.write('models/b.json', '{ "kind": "audience", }');
  const { exit, stderr } = await rollcall(s.dir, ['validate']);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^models\/a\.json:\d+:\d+ unknown-key .*at_leest/m);
  expect(stderr).toMatch(/^ +"at_leest": 1\n +\^+$/m);
  expect(stderr).toContain('did you mean "at_least"?');
  expect(stderr).toMatch(/^models\/b\.json:1:\d+ invalid-json/m);
});

test('every circle is printed, a tangle once', async () => {
  await using s = await shop();
  const reading = (key: string, ...keys: string[]): Promise<unknown> =>
    s.write(`models/${key}.json`, {
      ...BUYERS,
      key,
      definition: { all: keys.map((audience) => ({ audience })) },
    });
  await reading('a', 'b');
  await reading('b', 'a', 'b');
  await reading('c', 'a', 'd');
  await reading('d', 'e');
  await reading('e', 'd');
  const { exit, stderr } = await rollcall(s.dir, ['validate']);
  expect(exit).toBe(2);
  expect(stderr.match(/in a circle: .*/g)).toEqual(['in a circle: a → b → a', 'in a circle: d → e → d']);
});

test('tests are read, and not run', async () => {
  await using s = await shop();
  const step = { as_of: '2025-01-01', expect: { members: { buyers: [] } } };
  await s.write('tests/a.json', { tests: [{ name: 'nobody', steps: [step] }] });
  const good = await rollcall(s.dir, ['validate']);
  expect([good.exit, good.stdout]).toEqual([0, '✔ 2 definitions, 1 destination, 1 test: valid\n']);
  await s.write('tests/a.json', {
    tests: [{ name: 'nobody', steps: [{ ...step, expect: { members: { buyrs: [] } } }] }],
  });
  const { exit, stderr } = await rollcall(s.dir, ['validate', '--offline']);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^tests\/a\.json:\d+:\d+ unknown-reference .*buyrs/m);
  expect(stderr).toContain('did you mean "buyers"?');
});

test('problems of files do not hide those that only the warehouse shows', async () => {
  await using s = await shop();
  await s.write('models/a.json', { ...BUYERS, key: 'a', definition: { trait: 'palan', equals: 'x' } });
  await s.write('models/b.json', { ...BUYERS, key: 'b', definition: { audience: 'c' } });
  await s.write('models/c.json', { ...BUYERS, key: 'c', naem: 'x' });
  const ran = await rollcall(s.dir, ['validate', '--json']);
  const { valid, errors } = documentOf<Document>(ran);
  expect([ran.exit, valid]).toEqual([2, false]);
  // c is broken, not missing
  expect(errors.map((e) => [e['code'], e['file']])).toEqual([
    ['unknown-reference', 'models/a.json'],
    ['unknown-key', 'models/c.json'],
  ]);
});

test('a warehouse that cannot be opened is a warning', async () => {
  await using dir = await emptyFolder();
  await dir.write('rollcall.json', {
    ...CONFIG,
    targets: { dev: { type: 'duckdb', path: 'rollcall.json' } },
  });
  await dir.write('models/buyers.json', { ...BUYERS, destinations: [] });
  const ran = await rollcall(dir.dir, ['validate', '--json']);
  const { valid, checked, warnings } = documentOf<Document>(ran);
  expect([ran.exit, valid, checked, warnings.map((w) => w['code'])]).toEqual([0, true, false, ['unchecked']]);
  expect((await rollcall(dir.dir, ['validate', '--strict'])).exit).toBe(2);
  expect(await rollcall(dir.dir, ['validate', '--offline', '--strict'])).toMatchObject({
    exit: 0,
    stderr: '',
  });
});

test('settings of destinations are checked', async () => {
  await using s = await shop();
  await s.write('destinations/crm.json', {
    kind: 'destination', key: 'crm', type: 'webhook', settings: { url: '${env:CRM_URL}' },
  }); // prettier-ignore
  const { exit, stderr } = await rollcall(s.dir, ['validate', '--offline'], {
    env: { CRM_URL: 'http://host:99999/hush' },
  });
  expect(exit).toBe(2);
  expect(stderr).toContain('destination-settings destination "crm": settings.url is not an address');
  expect(stderr).not.toContain('hush');
});

test.each([
  ['there is no warehouse', 'nothing.duckdb', []],
  ['it is not to be opened', 'nothing.duckdb', ['--offline']],
])('what names are wrong is told where %s', async (_, path, options) => {
  await using dir = await emptyFolder();
  await dir.write('rollcall.json', { ...CONFIG, targets: { dev: { type: 'duckdb', path } } });
  const write = (key: string, definition: unknown) =>
    dir.write(`models/${key}.json`, { kind: 'audience', key, definition });
  await write('a', { audience: 'b' });
  await write('b', { not: { audience: 'a' } });
  await write('c', { audience: 'nobody' });
  await write('d', { users: 'any', match: { event: 'X' } });
  await write('e', {
    all: [
      { trait: 'perhaps', equals: 1 },
      { event: 'X', where: { trait: 'c', equals: true } },
    ],
  });
  await write('f', { entity: 'orders', where: { property: 'total', at_least: 1 } });
  const { exit, stderr } = await rollcall(dir.dir, ['validate', ...options]);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^models\/a\.json:\d+:\d+ cycle .*a → b → a/m);
  expect(stderr).toMatch(/^models\/c\.json:\d+:\d+ unknown-reference .*nobody/m);
  expect(stderr).toMatch(/^models\/d\.json:\d+:\d+ misplaced-operand/m);
  expect(stderr).not.toMatch(/models\/[ef]/);
});

test('a source without its table does not hide what names are wrong', async () => {
  await using s = await shop();
  const more = { name: 'more', layout: 'messages', table: 'raw.nothing' };
  await s.write('rollcall.json', { ...CONFIG, sources: [...CONFIG.sources, more] });
  await s.write('models/c.json', { kind: 'audience', key: 'c', definition: { audience: 'nobody' } });
  const { exit, stderr } = await rollcall(s.dir, ['validate']);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^rollcall\.json:\d+:\d+ missing-table/m);
  expect(stderr).toMatch(/^models\/c\.json:\d+:\d+ unknown-reference .*nobody/m);
});

test('of two definitions with one key both are checked', async () => {
  await using s = await shop();
  await s.write('models/a.json', {
    kind: 'audience',
    key: 'twice',
    definition: { trait: 'palan', equals: 'x' },
  });
  await s.write('models/b.json', { kind: 'audience', key: 'twice', definition: { audience: 'nobody' } });
  const { errors } = documentOf<Document>(await rollcall(s.dir, ['validate', '--json']));
  expect(errors.map((e) => [e['code'], e['file']])).toEqual([
    ['unknown-reference', 'models/a.json'],
    ['duplicate-key', 'models/b.json'],
    ['unknown-reference', 'models/b.json'],
  ]);
});
