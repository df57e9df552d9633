import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { file } from '../../delivery/destinations/file.js';
import { context, destination, folder, message, messages, never } from './support.js';

const open = (path: string, dir: string) => file.open(context(destination('file', { path }), dir));
const ids = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { messageId: string }).messageId);

describe('one growing file', () => {
  test('shows nothing before the commit, and then everything', async () => {
    await using dir = await folder();
    const target = await open('out/crm.jsonl', dir.path);
    await target.send(messages(2), never);
    await target.send([message(3)], never);
    expect((await readdir(join(dir.path, 'out'))).filter((f) => !f.startsWith('.'))).toEqual([]);
    await target.commit!();
    await target.close();
    expect(await readdir(join(dir.path, 'out'))).toEqual(['crm.jsonl']);
    expect(await ids(join(dir.path, 'out/crm.jsonl'))).toEqual(['m1', 'm2', 'm3']);
    expect(target.where).toBe('out/crm.jsonl');
  });

  test('keeps what it held, and closes a line left open', async () => {
    await using dir = await folder();
    const path = join(dir.path, 'crm.jsonl');
    await writeFile(path, '{"messageId":"m0"}');
    const target = await open('crm.jsonl', dir.path);
    await target.send([message(1)], never);
    await target.commit!();
    await target.close();
    expect(await ids(path)).toEqual(['m0', 'm1']);
  });

  test('a sync given up leaves the file as it was, and nothing beside it', async () => {
    await using dir = await folder();
    const path = join(dir.path, 'crm.jsonl');
    await writeFile(path, '{"messageId":"m0"}\n');
    const target = await open('crm.jsonl', dir.path);
    await target.send(messages(5), never);
    await target.close();
    expect(await readdir(dir.path)).toEqual(['crm.jsonl']);
    expect(await ids(path)).toEqual(['m0']);
  });

  test('a process killed half-way leaves a temporary file, which the next sync does not build on', async () => {
    await using dir = await folder();
    await writeFile(join(dir.path, '.crm.jsonl.crm.jsonl.tmp'), '{"messageId":"half');
    const target = await open('crm.jsonl', dir.path);
    await target.send([message(1)], never);
    await target.commit!();
    await target.close();
    expect(await readdir(dir.path)).toEqual(['crm.jsonl']);
    expect(await ids(join(dir.path, 'crm.jsonl'))).toEqual(['m1']);
  });

  test('a link stays a link', async () => {
    await using dir = await folder();
    await mkdir(join(dir.path, 'real'));
    await writeFile(join(dir.path, 'real/a.jsonl'), '');
    await symlink('real/a.jsonl', join(dir.path, 'crm.jsonl'));
    const target = await open('crm.jsonl', dir.path);
    await target.send([message(1)], never);
    await target.commit!();
    await target.close();
    expect(await ids(join(dir.path, 'real/a.jsonl'))).toEqual(['m1']);
    expect((await stat(join(dir.path, 'crm.jsonl'))).size).toBeGreaterThan(0);
  });

  test('a payload with line ends is one line', async () => {
    await using dir = await folder();
    const target = await open('crm.jsonl', dir.path);
    await target.send([message(1, { payload: '{\n  "messageId": "m1"\r\n}' })], never);
    await target.commit!();
    await target.close();
    expect(await readFile(join(dir.path, 'crm.jsonl'), 'utf8')).toBe('{   "messageId": "m1" }\n');
  });

  test('a folder that cannot be written to stops it, saying why', async () => {
    await using dir = await folder();
    await writeFile(join(dir.path, 'blocked'), '');
    const target = await open('blocked/crm.jsonl', dir.path);
    expect(await target.send([message(1)], never)).toMatchObject({ kind: 'stop' });
    await target.close();
  });
});

describe('a file a sync', () => {
  test.each([
    ['a path that ends in a slash', 'out/', false],
    ['a folder that is there', 'out', true],
  ])('%s', async (_, path, make) => {
    await using dir = await folder();
    if (make) await mkdir(join(dir.path, 'out'));
    for (let n = 1; n <= 2; n++) {
      const target = await open(path, dir.path);
      await target.send([message(n)], never);
      await target.commit!();
      await target.close();
    }
    const names = (await readdir(join(dir.path, 'out'))).sort();
    expect(names).toEqual(['crm-20250301T120000000Z-2.jsonl', 'crm-20250301T120000000Z.jsonl']);
    expect(await ids(join(dir.path, 'out', names[0]!))).toEqual(['m2']);
  });
});

test('a path is required', () => {
  expect(file.check({}).map((p) => p.message)).toEqual(['settings.path is missing']);
});
