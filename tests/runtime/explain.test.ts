/** `explain` says how the next run would compute definitions; the run that follows does so. */
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterEach, describe, expect, it } from 'vitest';
import { explain, type ExplainResult, type RunOptions } from '../../runtime/index.js';
import { BUYERS, order, REVENUE, Shop } from './shop.js';

const [DAY1, DAY2, DAY3] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z', '2025-01-05T00:00:00Z'];

let shop: Shop;
afterEach(() => shop.dispose());

const MODELS = {
  buyers: BUYERS,
  regulars: { definition: { event: 'Order Completed', within: '2 days', count: { at_least: 2 } } },
  both: { definition: { all: [{ audience: 'buyers' }, { not: { audience: 'regulars' } }] } },
  top: { definition: { rank: { by: { event: 'Order Completed', sum: { property: 'revenue' } }, top: 1 } } },
  revenue: REVENUE,
};

async function started(): Promise<void> {
  shop = await Shop.create(MODELS);
  await shop.land(
    order('1', 'ann', '2025-01-01T12:00:00Z', 5),
    order('2', 'ann', '2025-01-02T12:00:00Z', 5),
    order('3', 'bob', '2025-01-02T12:00:00Z', 5),
    order('4', 'cid', '2024-11-02T12:00:00Z', 5),
  );
}

const told = async (asOf: string, more: Partial<RunOptions> = {}): Promise<ExplainResult> =>
  explain({ ...(await shop.options()), asOf, ...more });

const ways = ({
  definitions,
}: {
  readonly definitions: readonly { key: string; mode?: string | null; reason?: string }[];
}): unknown => Object.fromEntries(definitions.map(({ key, mode, reason }) => [key, `${mode}: ${reason}`]));

describe('explain', () => {
  it('says what the run then does, and writes nothing', async () => {
    await started();
    const before = ways(await told(DAY1));
    expect(before).toMatchObject({ buyers: 'full: it is computed for the first time' });
    expect(await shop.query('select count(*) n from information_schema.tables')).toEqual([{ n: '1' }]);
    expect(ways(await shop.run(DAY1))).toEqual(before);
    const contents = await shop.contents();
    const next = ways(await told(DAY2));
    expect(next).toMatchObject({
      regulars: 'incremental: only what changed since it was computed',
      top: 'full: ranks profiles among each other',
    });
    expect(await shop.contents()).toEqual(contents);
    expect(ways(await shop.run(DAY2))).toEqual(next);
    await shop.model('regulars', {
      ...MODELS.regulars,
      definition: { event: 'Order Completed', within: '3 days' },
    });
    await shop.model('revenue', {
      ...REVENUE,
      definition: { event: 'Order Completed', sum: { property: 'tax' } },
    });
    const edited = await told(DAY3);
    const anew =
      'facts of source "raw" will be made anew: its configuration, or what is needed of it, changed';
    expect(ways(edited)).toMatchObject({
      buyers: `full: ${anew}`,
      regulars: 'full: it means something else than before',
    });
    expect(edited.landing).toMatchObject([{ source: 'raw', mode: 'full' }]);
  });

  it('counts what a run reads: the rows there are, those between the edges of windows, the profiles affected', async () => {
    await started();
    await shop.run(DAY1);
    const { definitions, profiles } = await told(DAY2);
    expect(profiles).toBe(3);
    const [regulars] = definitions.filter(({ key }) => key === 'regulars');
    expect(regulars).toMatchObject({
      status: 'live',
      last_as_of: DAY1,
      cost: { full_rows: 4, changed_rows: 1, profiles: 1, complete: true, full_above: null },
    });
    const [orders] = regulars?.reads.filter(({ what }) => what === 'event') ?? [];
    expect(orders).toMatchObject({ name: 'Order Completed', rows: 4, brought: 0 });
    expect(orders?.edges).toContainEqual({
      offset: -172_800,
      column: 'timestamp',
      from: '2025-01-01T00:00:00Z',
      to: '2025-01-02T00:00:00Z',
      rows: 1,
    });
    expect(definitions.find(({ key }) => key === 'both')).toMatchObject({
      depends_on: ['buyers', 'regulars'],
      cost: { complete: false },
    });
    expect((await told(DAY2, { select: ['both'] })).definitions.map(({ key }) => key)).toEqual(['both']);
  });

  it('knows when too many are affected, and its document has the published shape', async () => {
    await started();
    // What changes of its parts is known when they are computed, so of it no run can be foretold.
    await shop.remove('both');
    await shop.configure({ compute: 'auto' });
    await shop.run(DAY1);
    const result = await told(DAY2);
    expect(ways(result)).toMatchObject({ regulars: 'full: it may have changed for 1 of 3 profiles' });
    expect(ways(await shop.run(DAY2))).toEqual(ways(result));
    const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
    addFormats.default(ajv);
    const schema = JSON.parse(
      await readFile(new URL('../../schemas/explain.v1.json', import.meta.url), 'utf8'),
    ) as object;
    const validate = ajv.compile(schema);
    validate(result);
    expect(validate.errors ?? []).toEqual([]);
  });
});
