/** History built day by day in one go: that it is what separate runs leave, that raw rows are read once, and where it goes on. */
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { backfillProject, type BackfillEvent, type BackfillOptions } from '../../runtime/index.js';
import { hooked, refuse } from './faults.js';
import { BUYERS, CRM, order, REVENUE, Shop, SPENDERS } from './shop.js';

const DAY = 86_400_000_000n;
const day = (n: number): string => `2025-01-0${n}T00:00:00Z`;

const MODELS = {
  recent: { definition: { event: 'Order Completed', within: '2 days' } },
  lapsed: {
    definition: { all: [{ audience: 'buyers' }, { not: { event: 'Order Completed', within: '1 day' } }] },
  },
  buyers: BUYERS,
  spenders: SPENDERS,
  since: { history: false, definition: { event: 'Order Completed' } },
  anyone: { include_anonymous: true, definition: { event: 'Product Viewed' } },
  paying: { definition: { trait: 'plan', equals: 'paid' } },
  revenue: REVENUE,
};

const MESSAGES = [
  order('1', 'ann', '2025-01-01T10:00:00Z', 60),
  order('2', 'ann', '2025-01-03T10:00:00Z', 50),
  order('3', 'bob', '2025-01-02T11:00:00Z', 20),
  { id: '4', event: 'Product Viewed', anonymous: 'a1', at: '2025-01-01T09:00:00Z' },
  // From then on a1 is cid, whose order it was.
  { ...order('5', 'cid', '2025-01-04T08:00:00Z', 200), anonymous: 'a1' },
  { id: '6', type: 'identify', user: 'bob', at: '2025-01-02T00:00:00Z', traits: { plan: 'paid' } },
  { id: '7', type: 'identify', user: 'bob', at: '2025-01-05T00:00:00Z', traits: { plan: 'free' } },
  // After the last step.
  order('8', 'dan', '2025-01-20T00:00:00Z', 500),
];

let shop: Shop;
afterEach(async () => shop.dispose());

async function started(models: Readonly<Record<string, unknown>> = MODELS): Promise<Shop> {
  const made = await Shop.create(models);
  await made.land(...MESSAGES);
  return made;
}

async function backfill(from: number, to: number, more: Partial<BackfillOptions> = {}) {
  const { asOf: _, ...options } = await shop.options();
  const steps: BackfillEvent[] = [];
  const result = await backfillProject({
    ...options,
    from: day(from),
    to: day(to),
    every: DAY,
    onStep: (event) => steps.push(event),
    ...more,
  });
  return { result, steps };
}

const refusal = async (work: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof UserError) return error;
  throw new Error(`no user error: ${String(error)}`);
};

describe('a backfill', () => {
  it('leaves what separate runs leave, having read the sources once', async () => {
    shop = await started();
    for (let n = 1; n <= 7; n++) await shop.run(day(n));
    const expected = await shop.contents();
    await shop.dispose();

    shop = await started();
    const { result, steps } = await backfill(1, 7);
    expect(result).toMatchObject({
      status: 'succeeded',
      exit: 0,
      from: day(1),
      to: day(7),
      steps: { total: 7, skipped: 0, done: 7, left: 0 },
    });
    expect(await shop.contents()).toEqual(expected);
    expect(expected['membership_history']?.length).toBeGreaterThan(8);
    expect(steps.map((step) => ('index' in step ? `${step.index}/${step.total}` : step.event))).toEqual([
      'backfill_started',
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => `${n}/7`),
    ]);
    expect(shop.events.filter((e) => e.event === 'landing_started')).toHaveLength(1);
    // What time alone changes is computed for those it changed.
    expect(result.last?.definitions.map((d) => [d.key, d.mode]).sort()).toEqual(
      Object.keys(MODELS)
        .sort()
        .map((key) => [key, 'incremental']),
    );
  });

  it('goes on where it stopped', async () => {
    shop = await started();
    await backfill(1, 7);
    const expected = await shop.contents();
    await shop.dispose();

    shop = await started();
    const stop = new AbortController();
    const stopped = await backfill(1, 7, {
      signal: stop.signal,
      onStep: (event) => event.event === 'backfill_step' && event.index === 3 && stop.abort(),
    });
    expect(stopped.result).toMatchObject({
      status: 'cancelled',
      exit: 130,
      steps: { total: 7, skipped: 0, done: 3, left: 4 },
    });
    expect((await backfill(1, 7)).result.steps).toEqual({ total: 7, skipped: 3, done: 4, left: 0 });
    expect(await shop.contents()).toEqual(expected);
    expect((await backfill(1, 7)).result.steps).toEqual({ total: 7, skipped: 7, done: 0, left: 0 });
  });

  it('tells destinations nothing; the next run tells them what is true by then', async () => {
    shop = await started({ recent: { ...MODELS.recent, destinations: ['crm'] }, buyers: BUYERS });
    await shop.write('destinations/crm.json', CRM);
    await backfill(1, 4);
    expect(await shop.query('select * from rollcall.outbox')).toEqual([]);
    await shop.run(day(4));
    const told = await shop.query(
      "select identifier, value from rollcall.outbox where message_type = 'identify' order by 1",
    );
    // ann's order of the 1st is gone by then, the one of the 3rd is not.
    expect(told).toEqual(['ann', 'bob'].map((identifier) => ({ identifier, value: 'true' })));
  });

  it('stops at a step in which a definition failed, and tries that again', async () => {
    shop = await started({ buyers: BUYERS, spenders: SPENDERS });
    // What computes those who spent more than a hundred as of the second day.
    const dialectFor = hooked(
      refuse(/^insert into "?rollcall_stage_members(?=[^]*2025-01-02)(?=[^]*\b100\b)/i),
    );
    const first = await backfill(1, 4, { dialectFor });
    expect(first.result).toMatchObject({ status: 'partial', exit: 1, steps: { done: 1, left: 3 } });
    expect((await backfill(1, 4)).result).toMatchObject({
      exit: 0,
      steps: { skipped: 1, done: 3, left: 0 },
    });
    expect(await shop.members('spenders')).toEqual(['ann']);
  });

  it('is refused what lies before the last run', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(day(3));
    const before = await refusal(backfill(1, 6));
    expect(before).toMatchObject({ exit: 2, diagnostics: [{ code: 'invalid-as-of' }] });
    expect(before.message).toContain(day(1));
    expect((await backfill(3, 5)).result.steps).toEqual({ total: 3, skipped: 1, done: 2, left: 0 });
    // Half a day later there was no run.
    await refusal(backfill(3, 5, { from: '2025-01-03T12:00:00Z' }));
  });

  it('of a new definition lies behind the others, where that is allowed', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(day(6));
    await shop.model('recent', MODELS.recent);
    const refused = await refusal(backfill(1, 6, { select: ['recent'] }));
    expect(refused.diagnostics[0]?.hint).toContain('--as-of-behind');
    await refusal(backfill(1, 6, { asOfBehind: true }));
    const { result } = await backfill(1, 6, { select: ['recent'], asOfBehind: true });
    expect(result.steps).toEqual({ total: 6, skipped: 0, done: 6, left: 0 });
    await shop.run(day(6));
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
    const history = await shop.query(
      "select profile_id, entered_at, exited_at from rollcall.membership_history where audience_key = 'recent' order by 1, 2",
    );
    expect(history).toEqual([
      { profile_id: 'ann', entered_at: day(2), exited_at: day(6) },
      { profile_id: 'bob', entered_at: day(3), exited_at: day(5) },
      { profile_id: 'cid', entered_at: day(5), exited_at: null },
    ]);
  });

  it('has instants in order, none in the future', async () => {
    shop = await started({ buyers: BUYERS });
    for (const wrong of [{ from: day(9), to: day(1) }, { to: '2031-01-01' }, { from: 'yesterday' }]) {
      const error = await refusal(backfill(1, 2, wrong));
      expect(error).toMatchObject({ exit: 2, diagnostics: [{ code: 'invalid-as-of' }] });
    }
  });
});
