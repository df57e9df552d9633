/** Which rows of a raw table a landing reads, and how often. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { valueColumn } from '../../compiler/bind/paths.js';
import { factsTable } from '../../compiler/program/index.js';
import { messagesSource, needsOf, STATE_SCHEMA } from './given.js';
import { World } from './world.js';

const REVENUE = valueColumn('property', 'revenue', 'number');
const NEEDS = needsOf({ 'Order Completed': [REVENUE] }, ['plan']);
const FACTS = factsTable(STATE_SCHEMA, 'raw', 'Order Completed', [REVENUE]).table.name;
const AS_OF = '2024-03-01T00:00:00Z';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => world.close());

const order = (
  id: string,
  over: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  message_id: id,
  type: 'track',
  event: 'Order Completed',
  timestamp: '2024-01-01 10:00:00',
  received_at: '2024-01-01 10:00:05',
  user_id: 'ann',
  properties: { revenue: 1 },
  ...over,
});

const facts = async (): Promise<readonly unknown[]> =>
  world.query(`select s.identifier, f.message_id, f.${REVENUE.name} as revenue
    from rollcall.${FACTS} f join rollcall.subjects s using (subject_no) order by all`);

describe('a raw table', () => {
  it.each([
    ['in full', [order('m1'), order('m1')], true, 1],
    ['of what is new', [order('m2', { received_at: '2024-01-02' })], false, 1],
    ['of a correction', [order('m1', { received_at: '2023-12-31' })], false, 2],
  ])(
    'is named by one statement of a landing %s, where bytes are billed by column',
    async (_, rows, first, times) => {
      world.capabilities = { billedByColumn: true, prunesAlternatives: true };
      if (!first) {
        await world.messages([order('m1')]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
      }
      await world.messages(rows);
      const naming: string[] = [];
      world.onStep = (step, sql) => {
        if (sql.includes('raw.messages')) naming.push(step.id);
      };
      await world.run({ asOf: AS_OF, needs: NEEDS });
      expect(naming).toHaveLength(times);
    },
  );

  it.each(['timestamp', 'timestamptz', 'timestamp_ns', 'varchar'])(
    'tells what is new by a received_at of type %s, to the microsecond',
    async (type) => {
      world.sources = [messagesSource({ overlap: { amount: 1, unit: 'second' } })];
      await world.sql(
        `set timezone = 'Asia/Kathmandu'; alter table raw.messages alter received_at type ${type}`,
      );
      await world.messages([order('m1', { received_at: '2024-01-02T00:00:00.000001Z' })]);
      await world.run({ asOf: AS_OF, needs: NEEDS });
      await world.messages([
        order('early', { received_at: '2024-01-01T23:59:59Z' }),
        order('edge', { received_at: '2024-01-01T23:59:59.000001Z' }),
        order('late', { received_at: '2024-01-01T23:59:59.500000Z', timestamp: '2019-01-01' }),
        order('none', { received_at: null }),
      ]);
      const { checks } = await world.run({ asOf: AS_OF, needs: NEEDS });
      expect(checks['raw']).toEqual({ new_rows: '3', corrected: '0', gone: '0' });
      expect(
        await world.query(
          "select 1 from rollcall.landed where received_at = timestamp '2024-01-01 23:59:59'",
        ),
      ).toEqual([]);
    },
  );

  it('may hold garbage for instants: it is as if none were there', async () => {
    await world.sql('alter table raw.messages alter received_at type varchar');
    await world.sql('alter table raw.messages alter timestamp type varchar');
    await world.messages([order('m1'), order('m2', { received_at: 'soon', timestamp: '2024-13-45' })]);
    const first = await world.run({ asOf: AS_OF, needs: NEEDS });
    expect(first.audits['raw']).toEqual({ rows_without_timestamp: '1', rows_without_id: '0' });
    await world.messages([
      order('m2', { received_at: '12345-01-01', properties: { revenue: 9 } }),
      order('m3', { received_at: 'later', timestamp: '9999-12-31T23:59:59.999999Z' }),
      order('m4', { received_at: '9999-12-31', message_id: null }),
      order('m5', { received_at: '9999-12-31' }),
    ]);
    // m2 has a time now, and had none.
    const second = await world.run({ asOf: AS_OF, needs: NEEDS });
    expect(second.checks['raw']).toEqual({ new_rows: '2', corrected: '1', gone: '0' });
    expect((await facts()).map((row) => (row as { message_id: string }).message_id)).toEqual([
      'm1',
      'm2',
      'm3',
      'm5',
    ]);
    expect(second.audits['raw']).toEqual({ rows_without_timestamp: '1', rows_without_id: '1' });
  });
});
