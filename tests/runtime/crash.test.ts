/** A process killed anywhere, then run again, ends where an unbroken run ends (SEMANTICS §6, 2). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hooked } from './faults.js';
import { BUYERS, CRM, REVENUE, SPENDERS, Shop, order } from './shop.js';

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';

const IDENTIFIES = { ...CRM, send: ['identify'] };
const to = (definition: object): object => ({ ...definition, destinations: ['crm'] });

/** Two runs with an anonymous visitor who becomes known in between, entries, exits and changed values. */
async function prepared(): Promise<Shop> {
  const recent = { definition: { event: 'Order Completed', within: '2 days' } };
  const shop = await Shop.create({
    buyers: to(BUYERS),
    spenders: SPENDERS,
    revenue: to(REVENUE),
    recent: to(recent),
  });
  await shop.write('destinations/crm.json', IDENTIFIES);
  await shop.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 60),
    { ...order('2', '', '2025-01-02T10:00:00Z', 50), anonymous: 'visitor', user: '' },
    order('3', 'bob', '2025-01-02T11:00:00Z', 20),
  );
  return shop;
}

const later = async (shop: Shop): Promise<void> =>
  shop.land(
    {
      id: '4',
      type: 'identify',
      user: 'ann',
      anonymous: 'visitor',
      at: '2025-01-03T09:00:00Z',
      traits: { plan: 'pro' },
    },
    order('5', 'cid', '2025-01-03T10:00:00Z', 500),
    order('6', 'bob', '2025-01-03T11:00:00Z', 1),
  );

async function killed(shop: Shop, asOf: string, nth: number): Promise<NodeJS.Signals | null> {
  const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
  const args = ['--import', 'tsx', child, shop.dir, asOf, String(nth), 'dead'];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, args, { stdio: 'inherit' })
      .on('exit', (_code, signal) => resolve(signal))
      .on('error', reject);
  });
}

/** What a reader sees, without the names and numbers of runs. */
const seen = async (shop: Shop): Promise<unknown> => {
  const text = JSON.stringify(await shop.contents());
  const plain = text
    .replace(/(\\"(?:run_id|last_run_id)\\":)\\"\w+\\"/g, '$1null')
    .replace(/(\\"run_no\\":)\\"\d+\\"/g, '$1null');
  return JSON.parse(plain) as unknown;
};

it('ends as an unbroken run would', { timeout: 240_000 }, async () => {
  const whole = await prepared();
  let statements = 0;
  const counting = { dialectFor: hooked(() => void statements++) };
  await whole.run(DAY1, counting);
  const inFirst = statements;
  await later(whole);
  statements = 0;
  await whole.run(DAY2, counting);
  const inSecond = statements;
  const expected = await seen(whole);

  const at = (total: number, share: number): number => Math.max(1, Math.round(total * share));
  // Places in the first run and in the second: just begun, landing, computing, publishing, the last commit.
  const places = [
    [at(inFirst, 0.35), at(inSecond, 0.3)],
    [at(inFirst, 0.7), at(inSecond, 0.6)],
    [at(inFirst, 0.9), at(inSecond, 0.8)],
    [inFirst, inSecond],
  ] as const;
  for (const [first, second] of places) {
    const shop = await prepared();
    expect(await killed(shop, DAY1, first), `first run, statement ${first}`).toBe('SIGKILL');
    await shop.run(DAY1);
    await later(shop);
    expect(await killed(shop, DAY2, second), `second run, statement ${second}`).toBe('SIGKILL');
    await shop.run(DAY2);
    expect(await seen(shop), `killed at ${first} and ${second}`).toEqual(expected);
    const unfinished = "select distinct status from rollcall.runs where run_id = 'dead'";
    expect(['crashed', undefined]).toContain((await shop.query(unfinished))[0]?.['status']);
    await shop.dispose();
  }
  await whole.dispose();
});
