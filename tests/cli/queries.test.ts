import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { documentOf, rollcall, shop, type Ran, type Shop } from './support.js';

let s: Shop;
const run = (...argv: string[]): Promise<Ran> => rollcall(s.dir, argv);

beforeAll(async () => {
  s = await shop();
  await rollcall(s.dir, ['run', '--as-of', '2025-02-15']);
  await rollcall(s.dir, ['run', '--as-of', '2025-03-01']);
});
afterAll(() => s[Symbol.asyncDispose]());

describe('members', () => {
  test('a table', async () => {
    const { exit, stdout } = await run('members', 'buyers');
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^profile_id +entered_at +user_id\na +2025-02-15T00:00:00Z +a\nb +2025-03-01T00:00:00Z +b\n/,
    );
    expect(stdout).toContain('buyers: 2 profiles');
    expect((await run('members', 'buyers', '--limit', '1')).stdout).toContain('the first 1;');
  });

  test('csv, jsonl, json', async () => {
    expect((await run('members', 'buyers', '--format', 'csv')).stdout).toBe(
      'profile_id,entered_at,user_id,email,anonymous_id\r\na,2025-02-15T00:00:00Z,a,,\r\nb,2025-03-01T00:00:00Z,b,,\r\n',
    );
    const jsonl = (await run('members', 'spent', '--format', 'jsonl')).stdout.trimEnd().split('\n');
    expect(jsonl.map((l) => (JSON.parse(l) as { value: unknown }).value)).toEqual([10, 20, 5]);
    expect(documentOf(await run('members', 'buyers', '--json'))).toMatchObject({
      key: 'buyers',
      members: [{ profile_id: 'a' }, { profile_id: 'b' }],
    });
  });

  test('as of an earlier instant', async () => {
    const ran = await run('members', 'buyers', '--json', '--as-of', '2025-02-15');
    expect(documentOf(ran)).toMatchObject({ members: [{ profile_id: 'a' }] });
  });

  test('of a key there is not', async () => {
    const ran = await run('members', 'byers', '--json');
    expect(ran.exit).toBe(2);
    expect(documentOf(ran)).toMatchObject({ errors: [{ code: 'unknown-reference' }] });
  });
});

test('diff', async () => {
  const { stdout } = await run('diff', 'buyers');
  expect(stdout).toMatch(/entered 1\nprofile_id .*\nb /);
  expect(documentOf(await run('diff', 'buyers', '--json'))).toMatchObject({
    size: 2,
    entered: [{ profile_id: 'b' }],
    exited: [],
  });
});

test('preview', async () => {
  expect((await run('preview', 'buyers', '--as-of', '2025-01-15')).stdout).toMatch(
    /^buyers: 1 member as of .*not published/,
  );
  const json = documentOf<{ sql: string }>(await run('preview', 'spent', '--json', '--limit', '1'));
  expect(json).toMatchObject({ key: 'spent', size: 3, sample: [{ profile_id: 'a', value: 10 }] });
  expect((await run('preview', 'spent', '--sql')).stdout).toContain('select');
});

test('status', async () => {
  const { stdout } = await run('status');
  expect(stdout).toMatch(/^buyers +audience +live +2 +\+1 +·/m);
  expect(stdout).toMatch(/^crm +file +enabled +4 /m);
  expect(documentOf(await run('status', '--json'))).toMatchObject({
    definitions: [{ key: 'buyers' }, { key: 'spent' }],
  });
});

test('ls', async () => {
  expect((await run('ls')).stdout).toContain('2 definitions');
  expect((await run('ls', '--output', 'keys', '--select', 'kind:trait')).stdout).toBe('spent\n');
  expect((await run('ls', '--output', 'paths', '--select', 'buyers')).stdout).toBe('models/buyers.json\n');
  expect(documentOf(await run('ls', '--json'))).toMatchObject({ definitions: [{}, {}] });
});

test('compile', async () => {
  expect((await run('compile')).stdout).toMatch(/audience +buyers +target\/compiled\//);
  expect((await run('compile', '--select', 'spent', '--print')).stdout).toMatch(/^(with|select)\b/);
  expect(documentOf(await run('compile', '--json'))).toMatchObject({
    definitions: [{ sql: expect.any(String) }, {}],
  });
});

test('retire wants to know what to do, and only with what was removed', async () => {
  expect((await run('retire', 'buyers')).exit).toBe(2);
  expect((await run('retire', 'buyers', '--release')).stderr).toContain('buyers');
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<string[]> =>
    (await run('__complete', '--', ...words)).stdout
      .split('\n')
      .map((l) => l.split('\t')[0]!)
      .filter((w) => w !== '');

  test('of commands, options, keys and selectors', async () => {
    expect(await complete('')).toContain('validate');
    expect(await complete('pre')).toEqual(['preview']);
    expect(await complete('run', '--as-of-')).toEqual(['--as-of-behind']);
    expect(await complete('members', '')).toEqual(['buyers', 'spent']);
    expect(await complete('members', 'b')).toEqual(['buyers']);
    expect(await complete('members', 'buyers', '')).toEqual([]);
    expect(await complete('run', '--select', 'tag:')).toEqual(['tag:daily']);
    expect(await complete('run', '--select', '+b')).toEqual(['+buyers']);
    expect(await complete('run', '--select', 'spent', 'bu')).toEqual(['buyers']);
    expect(await complete('sync', '--select', 'c')).toEqual(['crm']);
    expect(await complete('ls', '--output', '')).toEqual(['table', 'keys', 'paths', 'json']);
    expect(await complete('run', '--target', '')).toEqual(['dev']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    expect((await run('completion', shell)).stdout).toContain('rollcall __complete');
  });
});

test('explain', async () => {
  const { exit, stdout } = await run('explain', '--select', 'buyers');
  expect(exit).toBe(0);
  expect(stdout).toMatch(/\nbuyers +audience +incremental +0 +0 +3 +only what changed/);
  expect(stdout).toMatch(/ timestamp 30 days ago +2025-01-30 00:00 +2025-01-30 12:00 +0\n/);
  const document = documentOf(await run('explain', '--json'));
  expect(document).toMatchObject({ schema_version: 1, definitions: [{ key: 'buyers' }, { key: 'spent' }] });
  expect((await run('explain', '--select', 'byers')).exit).toBe(2);
  expect((await run('run', '--full-refresh', 'byers', '--json')).exit).toBe(2);
});
