/**
 * Alerts: what is on is found, what was told of it is remembered, and only what is new or over is told. A channel that could not
 * be told is told the next time.
 */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import { forgetTold, rememberTold, TOLD_COLUMNS, TOLD_KEYS } from '../compiler/program/alerts.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Row } from '../dialects/warehouse.js';
import type { Channel } from '../models/alerts.js';
import type { Project } from '../models/definition.js';
import { byText } from '../models/order.js';
import { spanOf } from '../models/source/spans.js';
import { evaluate } from './alert-rules.js';
import type { AlertOptions, AlertsResult, Firing, Notice, Recovered, Tell } from './alerts-api.js';
import { readState, type StoredState } from './existing.js';
import { isoOf, microsOf, timestamp } from './instants.js';
import { textOf, withSession, type Session } from './session.js';

/** What a channel was told of something that is on. */
interface Told extends Recovered {
  readonly channel: string;
  readonly occurrence: string;
}

/**
 * Evaluates the alerts of a project and tells its channels. A warehouse where nothing ran yet has nothing to tell of. Throws
 * `UserError` where the warehouse cannot be asked, and `locked` before anybody is told where what is told could not be remembered.
 */
export async function checkAlerts(options: AlertOptions): Promise<AlertsResult> {
  const { alerts = [] } = options.project.config;
  const now = isoOf(microsOf(options.now()));
  if (alerts.length === 0) return NOTHING;
  const seen = await withSession(options, { mode: 'read' }, async (session) => {
    const stored = await readState(session);
    if (!(['runs', 'snapshots', 'outbox', 'deliveries'] as const).every((table) => stored.scan(table)))
      return undefined;
    const firing: Firing[] = [];
    for (const { name: alert, rule } of alerts) {
      const found = await evaluate(rule, { session, stored, now });
      firing.push(...found.map((one) => ({ alert, on: rule.on, ...one })));
    }
    return { firing, told: await toldIn(stored) };
  });
  if (!seen) return NOTHING;
  const { firing } = seen;
  const newsOf = (told: readonly Told[]): News => news(options.project, now, firing, told);
  const first = newsOf(seen.told);
  const { tell } = options;
  const asked = tell && first.notices.size + first.gone.length > 0;
  const done = asked
    ? await alone(options, (session) => tellNews(options, session, tell, newsOf))
    : undefined;
  return { ...NOTHING, firing, recovered: first.recovered, ...done };
}

const NOTHING: AlertsResult = { firing: [], recovered: [], told: [], diagnostics: [] };

/** What there is to be told, and to be remembered. */
interface News {
  /** At this time: canonical ISO. */
  readonly now: string;
  /** What channels were told before. */
  readonly told: readonly Told[];
  readonly recovered: readonly Recovered[];
  /** By channel. */
  readonly notices: ReadonlyMap<string, Notice>;
  /** What nobody is to be told of any more is not worth remembering. */
  readonly gone: readonly Told[];
}

function news(project: Project, now: string, firing: readonly Firing[], told: readonly Told[]): News {
  const over = told.filter((one) => !firing.some((f) => sameThing(f, one)));
  const subjects = [...new Map(over.map((one) => [subjectOf(one) + one.alert, one])).values()];
  const recovered = subjects.map(({ channel: _, occurrence: __, ...rest }) => rest);
  const notices = noticesOf(project, now, firing, told, over);
  const channels = new Set(Object.keys(channelsOf(project)));
  const gone = over.filter((one) => !channels.has(one.channel) || !notices.has(one.channel));
  return { now, told, recovered, notices, gone };
}

/** What was told before. Engines have rows in an order of their own; what is over is told in one. */
const toldIn = async (stored: StoredState): Promise<readonly Told[]> =>
  (await stored.read('alerts')).map(toldOf).sort(byText(orderOf));

/**
 * Works where nobody else tells of alerts meanwhile, so that what is told can be remembered and is told once: with the lock where a
 * database belongs to one process, else by a lease, as a run that hangs is a reason to tell. Undefined where another is at it.
 */
async function alone<T>(
  options: AlertOptions,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const owner = { runId: 'alerts', command: options.command ?? 'alerts' };
  return withSession(options, { mode: 'write', owner, claims: true }, async (session) => {
    const leases = await session.leases();
    const lease = await leases?.claim('alerts', (taken) =>
      taken.length === 0 ? { from: 0, to: 1 } : undefined,
    );
    if (leases && !lease) return undefined;
    try {
      return await work(session);
    } finally {
      await lease?.release();
    }
  });
}

/** Tells channels what is news by what they were told up to now, as others may have told it since, and remembers that they were. */
async function tellNews(
  options: AlertOptions,
  session: Session,
  tell: Tell,
  newsOf: (told: readonly Told[]) => News,
): Promise<Pick<AlertsResult, 'told' | 'diagnostics'>> {
  const found = newsOf(await toldIn(await readState(session)));
  const diagnostics: Diagnostic[] = [];
  const done: (readonly [string, Notice])[] = [];
  for (const [channel, notice] of found.notices) {
    const problem = await tell(channel, notice);
    if (problem === undefined) done.push([channel, notice]);
    else diagnostics.push(notSent(channel, problem, options));
  }
  if (done.length > 0 || found.gone.length > 0) await remember(session, done, found);
  return { told: done.map(([channel]) => channel), diagnostics };
}

/** The channels of the target. */
function channelsOf({ config }: Project): Readonly<Record<string, Channel>> {
  const own = Object.entries(config.channels ?? {}).filter(
    ([, { targets }]) => targets?.some(({ name }) => name === config.target) ?? true,
  );
  return Object.fromEntries(own);
}

/** What each channel is to be told; none where there is nothing new. */
function noticesOf(
  project: Project,
  at: string,
  firing: readonly Firing[],
  told: readonly Told[],
  over: readonly Told[],
): ReadonlyMap<string, Notice> {
  const { config } = project;
  const notices = new Map<string, Notice>();
  for (const channel of Object.keys(channelsOf(project))) {
    const names = new Set(
      config.alerts?.filter(({ to }) => to.some(({ name }) => name === channel)).map(({ name }) => name),
    );
    const before = told.filter((one) => one.channel === channel);
    const fresh = firing.filter(
      (one) =>
        names.has(one.alert) &&
        !before.some((old) => sameThing(one, old) && old.occurrence === one.occurrence),
    );
    const ended = over
      .filter((one) => one.channel === channel && names.has(one.alert))
      .map(({ channel: _, occurrence: __, ...rest }) => rest);
    if (fresh.length + ended.length === 0) continue;
    notices.set(channel, {
      project: config.name,
      target: config.target,
      at,
      firing: fresh,
      recovered: ended,
    });
  }
  return notices;
}

const subjectOf = ({ of, key }: Pick<Firing, 'of' | 'key'>): string => `${of}:${key}`;

const orderOf = (one: Told): string => JSON.stringify([one.alert, subjectOf(one), one.channel]);

const sameThing = (
  a: Pick<Firing, 'alert' | 'of' | 'key'>,
  b: Pick<Firing, 'alert' | 'of' | 'key'>,
): boolean => a.alert === b.alert && subjectOf(a) === subjectOf(b);

function toldOf(row: Row): Told {
  const subject = textOf(row, 'subject');
  const at = subject.indexOf(':');
  return {
    alert: textOf(row, 'alert'),
    of: subject.slice(0, at) as Firing['of'],
    key: subject.slice(at + 1),
    channel: textOf(row, 'channel'),
    occurrence: textOf(row, 'occurrence'),
    message: textOf(row, 'message'),
    since: textOf(row, 'since'),
  };
}

/** Writes down what channels were told. */
async function remember(
  session: Session,
  done: readonly (readonly [string, Notice])[],
  { now, told, gone }: News,
): Promise<void> {
  const { state } = session;
  const over = done.flatMap(([channel, { recovered }]) => recovered.map((one) => ({ ...one, channel })));
  const started = done.flatMap(([channel, { firing }]) => firing.map((one) => ({ ...one, channel })));
  const since = (one: Firing & { readonly channel: string }): string => {
    const old = told.find((t) => t.channel === one.channel && sameThing(t, one));
    return old && one.occurrence === '' ? old.since : now;
  };
  await perform(session, { op: 'ensure_table', spec: state.spec('alerts') });
  const forgotten = [...over, ...gone];
  if (forgotten.length > 0) {
    const rows = forgotten.map((one) =>
      [one.alert, subjectOf(one), one.channel].map((cell) => ir.text(cell)),
    );
    const columns = TOLD_COLUMNS.filter(({ name }) => (TOLD_KEYS as readonly string[]).includes(name));
    await perform(session, forgetTold(state, ir.values(columns, rows)));
  }
  if (started.length > 0) {
    const rows = started.map((one) => [
      ...[one.alert, subjectOf(one), one.channel, one.occurrence, one.message].map((cell) => ir.text(cell)),
      ...[since(one), now].map((iso) => ir.lit(timestamp(iso))),
    ]);
    await perform(session, rememberTold(state, ir.values(TOLD_COLUMNS, rows)));
  }
}

async function perform({ dialect, warehouse }: Session, op: StepOp): Promise<void> {
  const step = { ...op, id: `alerts.${op.op}`, title: 'remembering what was told' };
  for (const { sql } of dialect.statements(step, {})) await warehouse.execute(sql);
}

function notSent(channel: string, problem: string, { project, spans }: AlertOptions): Diagnostic {
  return {
    code: 'alert-not-sent',
    severity: 'warning',
    message: `the channel ${JSON.stringify(channel)} could not be told: ${problem}`,
    hint: 'it is told the next time alerts are evaluated',
    ...spanOf(spans, project.config.channels?.[channel]),
  };
}
