/** A project with one audience of everybody who orders: they enter on January 1, and are all gone two months later. */
import { configOf, writeFiles } from './files.js';
import { warehouseAt } from './queries.js';

/**
 * Makes it, with the orders of so many users.
 *
 * @param settings of its DuckDB file
 * @param destinations that the audience goes to, by key: what their files say besides it
 */
export async function makeBuyers(
  dir: string,
  users: number,
  settings: Readonly<Record<string, unknown>>,
  destinations: Readonly<Record<string, object>>,
): Promise<void> {
  const files = Object.entries(destinations).map(([key, more]): readonly [string, object] => [
    `destinations/${key}.json`,
    { kind: 'destination', key, send: ['identify'], ...more },
  ]);
  writeFiles(dir, {
    'rollcall.json': configOf(settings),
    'models/buyers.json': {
      kind: 'audience',
      key: 'buyers',
      name: 'Buyers',
      definition: { event: 'Order Completed', within: '30 days' },
      destinations: Object.keys(destinations),
    },
    ...Object.fromEntries(files),
  });
  await warehouseAt(
    dir,
    settings,
  )(async (w) => {
    await w.execute('create schema raw');
    await w.execute(
      `create table raw.messages as
     select 'm-' || md5(cast(i as varchar)) message_id, 'track' "type", 'Order Completed' as "event", null::varchar "name",
       timestamp '2025-12-20' + to_seconds(i % 86400) "timestamp", timestamp '2025-12-20 01:00:00' + to_seconds(i % 86400) received_at,
       'user-' || i user_id, null::varchar anonymous_id, null::varchar group_id, '{"price":' || i % 500 || '}' properties,
       null::varchar traits, null::varchar context
     from range(${users}) t(i)`,
    );
  });
}
