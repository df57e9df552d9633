/** A million messages to a server that fails in every way and is killed, by processes that are killed: counts to tests/delivery/SOAK.md. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { soak } from '../tests/delivery/soak.js';
import { commitHere, grouped, ROOT, writeFormatted } from './written.js';

/** Resolves to whether everything arrived, in order. */
export async function deliveryNight(messages = 1_000_000): Promise<boolean> {
  const seed = Date.now() % 2 ** 31;
  const report = await soak({
    profiles: Math.ceil(messages / 4),
    seed,
    killAfterMs: 9000,
    kills: 8,
    serverKillAfterMs: 7000,
    serverKills: 10,
    untrusted: true,
  });
  const good = report.lost + report.unexpected + report.profilesOutOfOrder + report.recordedTwice === 0;
  const { faults, ...counts } = report;
  const rows = (all: Record<string, number>): string =>
    Object.entries(all)
      .map(
        ([name, n]) =>
          `| ${name.replace(/(?<=[a-z])[A-Z](?=[a-z])/g, (c) => ` ${c.toLowerCase()}`)} | ${grouped(n)} |`,
      )
      .join('\n');
  const text = `# Delivery under faults

Written by \`npm run test:nightly -- delivery [messages]\`: each of ${grouped(report.messages / 4)} profiles enters, leaves, enters and leaves an audience, and \`sync\` tells
a webhook (batches of 500, three at a time) that fails as below. Both sides are killed as by \`kill -9\` and begin again. One sync went to the
address as \`https\`, which it is not. Messages with an id that had arrived are repeats; what is left has to be what was queued, each
profile's in its order. ${good ? '**Nothing was lost, nothing came out of order.**' : '**IT FAILED.**'}

| count | |
| --- | ---: |
${rows(counts)}

| fault of the server | requests |
| --- | ---: |
${rows(faults)}

DuckDB, Node ${process.version}, ${availableParallelism()} processors, on a machine with other work; seed ${seed}, ${new Date().toISOString().slice(0, 10)}, at ${commitHere()}.
`;
  await writeFormatted(join(ROOT, 'tests/delivery/SOAK.md'), text);
  process.stdout.write(text);
  return good;
}
