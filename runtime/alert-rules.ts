/** What each kind of alert looks at, and what it finds. State alone is asked: sources need not be there. */
import { deliveryHealth, lastEnded, sizesCompared } from '../compiler/program/alerts.js';
import { messagesWaiting } from '../compiler/program/deliveries.js';
import type { Row } from '../dialects/warehouse.js';
import { durationMicros, type Duration } from '../models/algebra.js';
import type { AlertRule } from '../models/alerts.js';
import { ownerOf, pausedWays, type Definition } from '../models/definition.js';
import { byText } from '../models/order.js';
import type { Firing } from './alerts-api.js';
import type { StoredState } from './existing.js';
import { figure } from './figures.js';
import { exceeds } from './guard.js';
import { isoOf, microsOf, timestamp } from './instants.js';
import { nullableText, numberOf, textOf, type Session } from './session.js';

/** What is on; whose alert it is says the caller. */
type Found = Omit<Firing, 'alert' | 'on'>;

type Rule<K extends AlertRule['on']> = Extract<AlertRule, { on: K }>;

export interface Evidence {
  readonly session: Session;
  readonly stored: StoredState;
  /** The present: canonical ISO. */
  readonly now: string;
}

type Evaluate<K extends AlertRule['on']> = (rule: Rule<K>, evidence: Evidence) => Promise<readonly Found[]>;

const EVALUATE: { readonly [K in AlertRule['on']]: Evaluate<K> } = {
  size_change: sizeChanges,
  delivery: undelivered,
  waiting,
  stale,
  failed,
};

/** What a rule finds to be on. */
export function evaluate<K extends AlertRule['on']>(
  rule: Rule<K>,
  evidence: Evidence,
): Promise<readonly Found[]> {
  return (EVALUATE[rule.on] as Evaluate<K>)(rule, evidence);
}

async function sizeChanges(rule: Rule<'size_change'>, evidence: Evidence): Promise<readonly Found[]> {
  const { session } = evidence;
  const { percent, within, minSize } = rule;
  const looked = new Map(
    definitionsOf(rule, session)
      .filter((one) => names(rule) || one.kind === 'audience' || one.kind === 'journey')
      .map((one) => [one.key, one] as const),
  );
  const last = [...looked.keys()].flatMap((key) => {
    const asOf = evidence.stored.definitions.get(key)?.lastAsOf;
    return asOf ? [{ key, asOf: microsOf(asOf) }] : [];
  });
  const [first, ...others] = last.map(({ asOf }) => asOf);
  if (first === undefined) return [];
  const earliest = others.reduce((a, b) => (b < a ? b : a), first);
  const micros = within && durationMicros(within);
  const rows = await session.rows(
    sizesCompared(session.state, {
      keys: last.map(({ key }) => key),
      since: earliest - (micros ?? 0n),
      ...(micros !== undefined && { micros }),
    }),
  );
  const limits = { maxChangePercent: percent, ...(minSize !== undefined && { minSize }) };
  return sorted(rows, 'definition_key').flatMap((row): readonly Found[] => {
    const key = textOf(row, 'definition_key');
    const [before, size] = [numberOf(row, 'before'), numberOf(row, 'size')];
    if (!looked.has(key) || !exceeds(limits, before, size)) return [];
    const what = looked.get(key)?.kind === 'trait' ? 'values' : 'members';
    const since = within ? `within ${words(within)}` : 'in one run';
    const message = `${key} went from ${figure(before)} to ${figure(size)} ${what} ${since}, by more than ${percent} %`;
    // From run to run each is one of its own; over a time it goes on for as long as it lasts.
    return [{ of: 'definition', key, message, occurrence: within ? '' : textOf(row, 'run_id') }];
  });
}

async function undelivered(rule: Rule<'delivery'>, evidence: Evidence): Promise<readonly Found[]> {
  const { session, now } = evidence;
  const since = isoOf(microsOf(now) - durationMicros(rule.within));
  const rows = await session.rows(deliveryHealth(session.state, timestamp(since)));
  const keys = destinationsOf(rule, session);
  return sorted(rows, 'destination_key').flatMap((row): readonly Found[] => {
    const key = textOf(row, 'destination_key');
    const [messages, lost] = [numberOf(row, 'messages'), numberOf(row, 'lost')];
    if (!keys.has(key) || messages < rule.minMessages || lost * 100 <= rule.percent * messages) return [];
    const share = Math.round((lost * 1000) / messages) / 10;
    const message = `${key} did not take ${figure(lost)} of ${figure(messages)} messages within ${words(rule.within)} (${share} %), more than ${rule.percent} %`;
    return [{ of: 'destination', key, message, occurrence: '' }];
  });
}

async function waiting(rule: Rule<'waiting'>, evidence: Evidence): Promise<readonly Found[]> {
  const { session, now } = evidence;
  const until = microsOf(now) - durationMicros(rule.after);
  const keys = destinationsOf(rule, session);
  const rows = await session.rows(messagesWaiting(session.state, pausedWays(session.project)));
  return sorted(rows, 'destination_key').flatMap((row): readonly Found[] => {
    const key = textOf(row, 'destination_key');
    const since = textOf(row, 'since');
    if (!keys.has(key) || microsOf(since) >= until) return [];
    const n = numberOf(row, 'messages');
    const message = `${figure(n)} ${n === 1 ? 'message waits' : 'messages wait'} for ${key}, the oldest since ${since}, longer than ${words(rule.after)}`;
    return [{ of: 'destination', key, message, occurrence: '' }];
  });
}

async function stale(rule: Rule<'stale'>, evidence: Evidence): Promise<readonly Found[]> {
  const { session, stored, now } = evidence;
  const until = microsOf(now) - durationMicros(rule.after);
  const longer = `longer ago than ${words(rule.after)}`;
  if (!names(rule)) {
    const last = stored.runs.lastPublished?.finishedAt;
    if (last && microsOf(last) >= until) return [];
    const message = last
      ? `the last successful run ended at ${last}, ${longer}`
      : 'there was no successful run yet';
    return [{ of: 'project', key: session.project.config.name, message, occurrence: '' }];
  }
  return definitionsOf(rule, session)
    .filter(({ enabled }) => enabled)
    .flatMap(({ key }): readonly Found[] => {
      const last = stored.definitions.get(key)?.lastAsOf;
      if (last && microsOf(last) >= until) return [];
      const message = last
        ? `${key} was last computed as of ${last}, ${longer}`
        : `${key} was never computed`;
      return [{ of: 'definition', key, message, occurrence: '' }];
    });
}

async function failed(rule: Rule<'failed'>, evidence: Evidence): Promise<readonly Found[]> {
  const { session, stored } = evidence;
  const found = definitionsOf(rule, session).flatMap((definition): readonly Found[] => {
    const { key } = definition;
    const row = stored.definitions.get(key);
    if (row?.status !== 'failed') return [];
    // An output tells what its definition does.
    const owner = ownerOf(definition).key;
    const same = stored.definitions.get(owner);
    if (owner !== key && same?.status === 'failed' && same.error === row.error) return [];
    return [{ of: 'definition', key, message: row.error ?? `${key} failed`, occurrence: '' }];
  });
  if (found.length > 0 || names(rule)) return found;
  const [last] = await session.rows(lastEnded(session.state));
  const status = last && textOf(last, 'status');
  if (!last || (status !== 'failed' && status !== 'crashed')) return [];
  const why = nullableText(last, 'error');
  const message = `run ${textOf(last, 'run_id')} ${status}${why === null ? '' : `: ${why}`}`;
  return [{ of: 'project', key: session.project.config.name, message, occurrence: '' }];
}

/** Whether a rule is about some definitions only. */
const names = (rule: Rule<'size_change' | 'stale' | 'failed'>): boolean =>
  rule.definitions !== undefined || rule.tags !== undefined;

/** The definitions that a rule is about, with what they publish under other keys. */
function definitionsOf(
  rule: Rule<'size_change' | 'stale' | 'failed'>,
  { project }: Session,
): readonly Definition[] {
  const keys = new Set(rule.definitions?.map(({ name }) => name));
  const tags = new Set(rule.tags?.map(({ name }) => name));
  const isNamed = (one: Definition): boolean =>
    keys.has(one.key) || keys.has(ownerOf(one).key) || one.tags.some((tag) => tags.has(tag));
  return project.definitions.filter((one) => !names(rule) || isNamed(one));
}

/** The destinations that a rule is about; one that is paused keeps its messages on purpose. */
function destinationsOf(
  { destinations }: Rule<'delivery' | 'waiting'>,
  { project }: Session,
): ReadonlySet<string> {
  const keys = project.destinations.filter(({ enabled }) => enabled).map(({ key }) => key);
  return new Set(keys.filter((key) => destinations?.some(({ name }) => name === key) ?? true));
}

const sorted = (rows: readonly Row[], by: string): readonly Row[] =>
  [...rows].sort(byText((row) => textOf(row, by)));

const words = ({ amount, unit }: Duration): string => `${amount} ${unit}${amount === 1 ? '' : 's'}`;
