import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { BUYERS, CRM, rollcall, shop } from './support.js';

describe('resync', () => {
  test('sends everything again to one destination', async () => {
    await using s = await shop();
    await s.write('destinations/other.json', {
      ...CRM,
      key: 'other',
      settings: { path: 'target/out/other.jsonl' },
    });
    await s.write('models/buyers.json', { ...BUYERS, destinations: ['crm', 'other'] });
    await rollcall(s.dir, ['run', '--sync']);
    const again = await rollcall(s.dir, ['resync', 'crm', 'buyers', '--sync', '--json']);
    expect(again.exit).toBe(0);
    const lines = async (file: string): Promise<number> =>
      (await readFile(join(s.dir, `target/out/${file}.jsonl`), 'utf8')).trimEnd().split('\n').length;
    expect([await lines('crm'), await lines('other')]).toEqual([8, 4]);
  });

  test('refuses what it cannot be about', async () => {
    await using s = await shop();
    const said = async (...argv: readonly string[]): Promise<string> => {
      const { exit, stderr } = await rollcall(s.dir, ['resync', ...argv]);
      expect(exit).toBe(2);
      return stderr;
    };
    expect(await said('crn')).toMatch(/there is no destination "crn"[^]*did you mean "crm"/);
    expect(await said('crm', 'spent')).toContain('"spent" does not go to crm, or is paused');
    expect(await said('crm', 'buyer')).toMatch(/"buyer" is no definition[^]*did you mean "buyers"/);
    await s.write('models/buyers.json', { ...BUYERS, destinations: [{ to: 'crm', enabled: false }] });
    expect(await said('crm')).toContain('no definition goes to crm');
    await s.write('destinations/crm.json', { ...CRM, enabled: false });
    expect(await said('crm')).toContain('the destination "crm" is paused');
  });
});
