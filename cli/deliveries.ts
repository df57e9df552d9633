/** `rollcall deliveries`: the overview, dead letters, pruning. */
import { didYouMean } from '../compiler/diagnostics/suggest.js';
import {
  deliveryReport,
  pruneDeliveries,
  putBackLetters,
  FATES,
  type DeliveryReport,
  type Letters,
} from '../delivery/index.js';
import { withSession, type Access, type Session } from '../runtime/index.js';
import type { Context, Loaded } from './context.js';
import { destinationOf, misuse } from './misuse.js';
import { count, plural, right, shown, table } from './output.js';
import { printSync, syncJson, syncProject } from './sync.js';

export interface Asked extends Letters {
  readonly what: string;
  readonly since: string;
  readonly until: string;
  /** prune: messages made before this instant. */
  readonly before?: string;
}

const ACTIONS = {
  show: showDeliveries,
  retry: retryLetters,
  prune,
} satisfies Record<string, (context: Context, loaded: Loaded, asked: Asked) => Promise<number>>;

/** Does what is asked; resolves to the exit code. */
export async function perform(context: Context, asked: Asked): Promise<number> {
  const loaded = await context.load();
  const action = Object.hasOwn(ACTIONS, asked.what) ? ACTIONS[asked.what as keyof typeof ACTIONS] : undefined;
  if (!action) throw misuse(`there is no action "${asked.what}"`, `show, retry or prune${near(asked.what)}`);
  if (asked.destination !== undefined) destinationOf(loaded.project, asked.destination);
  return action(context, loaded, asked);
}

const near = (word: string): string => {
  const found = didYouMean(word, Object.keys(ACTIONS));
  return found === undefined ? '' : `; ${found}`;
};

async function showDeliveries(context: Context, loaded: Loaded, asked: Asked): Promise<number> {
  const report = await withSession(context.runtime(loaded), { mode: 'read' }, (session) =>
    deliveryReport(session, asked),
  );
  if (context.json) await context.document(report);
  else await printReport(context, report);
  return 0;
}

async function printReport(context: Context, { since, until, ways }: DeliveryReport): Promise<void> {
  const { paint } = context;
  if (ways.length === 0) {
    await context.print(`no messages were made from ${since} to ${until}`);
    return;
  }
  const columns = [
    { title: 'definition' }, { title: 'destination' }, right('created'), right('delivered'), right('waiting'),
    right('pending retry'), right('failed'), right('filtered'), right('superseded'),
  ]; // prettier-ignore
  const rows = ways.map((way) => [
    way.definition,
    way.destination,
    way.created,
    ...FATES.map((fate) => {
      const cell = way[fate] === 0 ? '·' : `${count(way[fate])} ${way.percent[fate]} %`;
      return way[fate] > 0 && (fate === 'failed' || fate === 'pending_retry') ? paint.red(cell) : cell;
    }),
  ]);
  await context.print(
    `${paint.dim(`messages made from ${since} to ${until}`)}\n\n${table(paint, columns, rows)}`,
  );
  const reasons = ways.flatMap((way) =>
    (['failed', 'pending_retry', 'filtered'] as const).flatMap((fate) =>
      way.groups[fate].map(({ reason, messages, samples }) => [
        way.definition,
        way.destination,
        fate.replace('_', ' '),
        messages,
        shown(reason) ?? '',
        samples.map((sample) => shown(sample.identifier, 30)).join(', '),
      ]),
    ),
  );
  if (reasons.length === 0) return;
  const titles = [{ title: 'definition' }, { title: 'destination' }, { title: 'which' }, right('messages'), { title: 'why' }, { title: 'for example' }]; // prettier-ignore
  await context.print(`\n${table(paint, titles, reasons)}`);
}

async function retryLetters(context: Context, loaded: Loaded, asked: Asked): Promise<number> {
  const found = await writing(context, loaded, { claims: true }, (session) => putBackLetters(session, asked));
  const { destination, definition } = asked;
  const result =
    found.retried === 0
      ? undefined
      : await syncProject(context, loaded, {
          ...(destination === undefined ? {} : { destinations: new Set([destination]) }),
          ...(definition === undefined ? {} : { definitions: new Set([definition]) }),
        });
  if (context.json)
    await context.document({ ...found, sync: result === undefined ? null : syncJson(result) });
  const stale =
    found.stale === 0 ? '' : `; ${plural(found.stale, 'stale one')} not, as something newer went out since`;
  await context.print(`${plural(found.retried, 'dead letter')} sent again${stale}`);
  if (result) await printSync(context, result);
  return result?.exit ?? 0;
}

async function prune(context: Context, loaded: Loaded, { before }: Asked): Promise<number> {
  if (before === undefined)
    throw misuse('say how old: --older-than 90d', 'what is needed is kept however old it is');
  const pruned = await writing(context, loaded, {}, (session) => pruneDeliveries(session, before));
  if (context.json) await context.document({ before, pruned });
  else
    await context.print(
      `${context.paint.green('✔')} ${plural(pruned, 'message')} taken out, made before ${before}`,
    );
  return 0;
}

function writing<T>(
  context: Context,
  loaded: Loaded,
  access: Partial<Access>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const owner = { runId: context.io.newRunId(), command: context.invocation };
  return withSession(context.runtime(loaded), { mode: 'write', owner, ...access }, work);
}
