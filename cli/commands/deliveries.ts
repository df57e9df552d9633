import { InvalidArgumentError } from 'commander';

import { parseInstant } from '../../models/instant.js';
import { describe, GROUPS, microseconds, WAIT, type Register } from '../command.js';
import type { Context } from '../context.js';

interface Options {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly olderThan?: bigint;
  readonly wait?: bigint;
}

/** An instant, or how long before now. */
type Moment = { readonly instant: string } | { readonly ago: bigint };

export const deliveries: Register = (program, bind) =>
  describe(program, {
    name: 'deliveries',
    args: '[action] [destination] [definition]',
    summary: 'What became of messages; dead letters sent again',
    details:
      'Actions: show (the one without any), retry, prune. show counts the messages made in a range of time, by definition and destination. retry sends dead letters again, but none that is stale. prune takes out what is done with and old.',
    group: GROUPS.delivery,
    uses: ['project', 'target', 'json', 'logFormat'],
    examples: [
      { run: 'deliveries', does: 'the last seven days' },
      { run: 'deliveries show crm --since 24h', does: 'one destination, the last day' },
      { run: 'deliveries retry crm buyers', does: 'dead letters of a definition to a destination' },
      { run: 'deliveries prune --older-than 90d', does: 'what is older and needed for nothing' },
    ],
  })
    .option('--since <when>', 'show: an ISO 8601 instant, or how long ago: 24h (default: 7d)', moment)
    .option('--until <when>', 'show: likewise (default: now)', moment)
    .option('--older-than <duration>', 'prune: 90d, "12 weeks"', microseconds)
    .option(...WAIT)
    .action(bind(action));

async function action(
  context: Context,
  options: Options,
  what = 'show',
  destination?: string,
  definition?: string,
): Promise<number> {
  context.wait = options.wait;
  const { perform } = await import('../deliveries.js');
  const now = BigInt(Date.parse(context.io.now())) * 1000n;
  const iso = (given: Moment | undefined, otherwise: bigint): string => {
    if (given && 'instant' in given) return given.instant;
    return new Date(Number((now - (given?.ago ?? otherwise)) / 1000n)).toISOString();
  };
  const week = 7n * 86_400_000_000n;
  return perform(context, {
    what,
    ...(destination === undefined ? {} : { destination }),
    ...(definition === undefined ? {} : { definition }),
    since: iso(options.since, week),
    // Messages that were made in this very instant are among them.
    until: iso(options.until, -1000n),
    ...(options.olderThan === undefined ? {} : { before: iso({ ago: options.olderThan }, 0n) }),
  });
}

function moment(text: string): Moment {
  if (parseInstant(text) !== undefined) return { instant: text };
  try {
    return { ago: microseconds(text) };
  } catch {
    throw new InvalidArgumentError('It must be an instant ("2025-03-01T09:00:00Z") or a duration ("24h").');
  }
}
