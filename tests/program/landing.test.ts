import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anyEvent, definition, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => world.close());

describe('landing', () => {
  it('runs', async () => {
    await world.messages([
      { message_id: 'm1', type: 'track', event: 'Order Completed', timestamp: '2024-01-01 10:00:00', received_at: '2024-01-01 10:00:01', user_id: 'u1', anonymous_id: 'a1' },
      { message_id: 'm2', type: 'page', name: 'Home', timestamp: '2024-01-01 09:00:00', received_at: '2024-01-01 09:00:01', anonymous_id: 'a2' },
    ]);
    const result = await world.run({ asOf: '2024-01-02T00:00:00Z', definitions: [{ definition: definition({ key: 'buyers' }), stage: anyEvent('Order Completed') }] });
    console.log(result.modes, result.counts, result.audits, await world.query('from rollcall.profiles'), await world.query('from rollcall.memberships'), await world.query('from rollcall.audience_buyers'));
    const again = await world.run({ asOf: '2024-01-02T00:00:00Z', definitions: [{ definition: definition({ key: 'buyers' }), stage: anyEvent('Order Completed') }] });
    console.log(again.modes, again.counts, again.audits, again.checks,  await world.query('from rollcall.snapshots'));
    expect(1).toBe(1);
  });
});
