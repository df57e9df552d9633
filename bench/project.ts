/** Makes projects of any number of definitions, of mixed kinds and sizes, for the compile benchmark. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const EVENTS = [
  'Order Completed',
  'Product Viewed',
  'Product Added',
  'Page Viewed',
  'Coupon Redeemed',
  'Email Opened',
];
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

/** A definition's file: three in four audiences of one to four conditions, one in four a computed trait. */
function definitionFile(i: number): Record<string, unknown> {
  const event = pick(EVENTS, i);
  const days = 1 + ((i * 7) % 365);
  if (i % 4 === 3) {
    const reducer = pick(
      [
        { sum: { property: 'revenue' } },
        { count: {} },
        { max: { property: 'price' } },
        { mode: { property: 'category' } },
      ],
      i >> 2,
    );
    return {
      kind: 'trait',
      key: `trait_${i}`,
      name: `Trait ${i}`,
      definition: { event, within: `${days} days`, ...reducer },
    };
  }
  const bought = {
    event,
    within: `${days} days`,
    where: { property: 'price', at_least: i % 100 },
    count: { at_least: 1 + (i % 5) },
  };
  const parts: unknown[] = [bought];
  if (i % 3 === 0) parts.push({ not: { event: pick(EVENTS, i + 1), within: '30 days' } });
  if (i % 5 === 0) parts.push({ trait: 'plan', one_of: ['business', `tier_${i % 7}`] });
  if (i > 8 && i % 7 === 0) parts.push({ trait: `trait_${i - (i % 4) - 1}`, greater_than: i % 1000 });
  const definition = parts.length === 1 ? bought : { [i % 2 === 0 ? 'all' : 'any']: parts };
  return {
    kind: 'audience',
    key: `audience_${i}`,
    name: `Audience ${i}`,
    tags: [`team_${i % 10}`],
    definition,
  };
}

/** Writes a project with a DuckDB target beside it. */
export async function writeProject(dir: string, definitions: number): Promise<void> {
  await mkdir(join(dir, 'models'), { recursive: true });
  const config = {
    name: 'bench',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall' } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages', traits: ['plan', 'email'] }],
  };
  await writeFile(join(dir, 'rollcall.json'), JSON.stringify(config, null, 2));
  for (let folder = 0; folder * 100 < definitions; folder++)
    await mkdir(join(dir, 'models', `f${folder}`), { recursive: true });
  await Promise.all(
    Array.from({ length: definitions }, (_, i) =>
      writeFile(
        join(dir, 'models', `f${Math.floor(i / 100)}`, `d${i}.json`),
        JSON.stringify(definitionFile(i), null, 2),
      ),
    ),
  );
}
