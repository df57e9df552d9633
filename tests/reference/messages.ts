/**
 * From landed rows to the messages that count: each once, none from after `as_of`, in the one order that
 * "latest" and "first" go by.
 */
import type { Json, Message, MessageType } from './model.js';
import { parseInstant, type Micros } from './time.js';
import { readSteps } from './paths.js';
import { compareNumbers, compareTexts, isObject, textOf } from './values.js';

/** A message that counts at `as_of`. */
export interface KnownMessage {
  id: string;
  type: MessageType;
  timestamp: Micros;
  source: string;
  sourceId: string | undefined;
  userId: string | undefined;
  anonymousId: string | undefined;
  /** The account a group call is about, or another message is tagged with: its `group_id`, else `context.groupId`. */
  groupId: string | undefined;
  /** The event it is, where it is one: track, page and screen messages. */
  event: string | undefined;
  properties: Json;
  traits: Json;
  context: Json;
}

/**
 * The messages that count, first to last.
 *
 * Each (source, type, message id) counts once, with the contents of its smallest `received_at` (SEMANTICS §3, §10
 * Landing). Only then are those dropped that have no timestamp, no identifier, or lie after `as_of`.
 */
export function messagesThatCount(rows: readonly Message[], asOf: Micros): KnownMessage[] {
  const firstLandings = new Map<string, Message>();
  for (const row of rows) {
    const identity = JSON.stringify([row.source ?? 'raw', row.type, row.message_id]);
    const other = firstLandings.get(identity);
    if (other === undefined || compareLandings(row, other) < 0) firstLandings.set(identity, row);
  }
  return [...firstLandings.values()]
    .flatMap((row) => read(row) ?? [])
    .filter((message) => message.timestamp <= asOf)
    .sort(compareMessages);
}

function compareLandings(a: Message, b: Message): number {
  return (
    compareInstants(a.received_at, b.received_at) ||
    compareInstants(a.timestamp, b.timestamp) ||
    compareTexts(JSON.stringify(a), JSON.stringify(b))
  );
}

/** Orders two instants' texts; one that is missing comes last. */
function compareInstants(a: string | null | undefined, b: string | null | undefined): number {
  const left = parseInstant(a ?? '');
  const right = parseInstant(b ?? '');
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined);
  return compareNumbers(left, right);
}

/** By timestamp, ties by message id text (SEMANTICS §2 Reducers, §10 Identity), then by source and type. */
export function compareMessages(a: KnownMessage, b: KnownMessage): number {
  return (
    compareNumbers(a.timestamp, b.timestamp) ||
    compareTexts(a.id, b.id) ||
    compareTexts(a.source, b.source) ||
    compareTexts(a.type, b.type)
  );
}

function read(row: Message): KnownMessage | undefined {
  const timestamp = parseInstant(row.timestamp ?? '');
  const userId = row.user_id || undefined;
  const anonymousId = row.anonymous_id || undefined;
  const groupId = groupIdOf(row);
  // A group call makes an account known even where it names nobody.
  const isOfNobody = userId === undefined && anonymousId === undefined;
  if (timestamp === undefined || (isOfNobody && (row.type !== 'group' || groupId === undefined)))
    return undefined;
  return {
    id: row.message_id,
    type: row.type,
    timestamp,
    source: row.source ?? 'raw',
    sourceId: row.source_id ?? undefined,
    userId,
    anonymousId,
    groupId,
    event: eventName(row),
    properties: propertiesOf(row),
    traits: row.traits ?? null,
    context: row.context ?? null,
  };
}

function groupIdOf(row: Message): string | undefined {
  if (row.group_id) return row.group_id;
  if (row.type === 'group') return undefined;
  const [tagged] = readSteps(row.context ?? null, ['groupId']);
  return textOf(tagged) || undefined;
}

/** SEMANTICS §1: a page event is named `Page Viewed`, a screen event `Screen Viewed`. */
function eventName(row: Message): string | undefined {
  if (row.type === 'track') return row.event ?? undefined;
  if (row.type === 'page') return 'Page Viewed';
  if (row.type === 'screen') return 'Screen Viewed';
  return undefined;
}

/** A page's or screen's properties with its name read as `page_name` or `screen_name` (SEMANTICS §1). */
function propertiesOf(row: Message): Json {
  const properties = row.properties ?? null;
  if (row.type !== 'page' && row.type !== 'screen') return properties;
  const own = isObject(properties) ? properties : {};
  return { ...own, [`${row.type}_name`]: row.name ?? own['name'] ?? null };
}
