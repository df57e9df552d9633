/**
 * Histories of messages: what lands in a `messages` table, duplicates, ties and oddities included.
 */
import fc from 'fast-check';

import type { Json, Message, MessageType } from '../reference/model.js';
import { formatInstant, parseDuration, requireInstant } from '../reference/time.js';
import {
  ANONYMOUS_IDS,
  AS_OF,
  dateText,
  EVENTS,
  GROUPS,
  HOSTILE_KEYS,
  instant,
  mostly,
  NUMBERS,
  NUMERIC_TEXTS,
  SOURCE_IDS,
  SOURCES,
  TEXTS,
  USERS,
  USUAL_EVENT,
} from './domain.js';
import { hostileText } from './hostile.js';

/** A message before it has an id and a landing: what it says. */
interface Content {
  type: MessageType;
  who: { user_id?: string; anonymous_id?: string };
  timestamp: string | null;
  event: string;
  name: string | null;
  properties: Record<string, Json>;
  traits: Record<string, Json>;
  context: Record<string, Json>;
  source: string;
  source_id: string | null;
  /** The account of a group call, and the one that anything else is tagged with. */
  group: string | null;
  tag: string | null;
}

/** How a message stands to an earlier one: its id again, with the same type and source, or the very same row. */
interface Repeat {
  of: number;
  how: 'id' | 'identity' | 'row';
}

/** A message and when it lands: in which of a scenario's steps, and how long before that step's end. */
export interface Draft {
  content: Content;
  idPrefix: string;
  repeat: Repeat | null;
  landing: number;
  receivedBefore: number;
}

const HOUR = parseDuration('1 hour');

export interface HistoryConstraints {
  minLength?: number;
  maxLength?: number;
}

/**
 * A history: 5 to 60 landed rows around {@link AS_OF}, in no particular order.
 *
 * Few users and anonymous ids that are linked early, late, twice or never; all message types; timestamps on window
 * edges and a microsecond off; ids that land again with other contents, another type or another source. Two landings of
 * one identity never share a `received_at` unless they are the same row, so which one counts is always defined.
 */
export function history(constraints: HistoryConstraints = {}): fc.Arbitrary<Message[]> {
  const { minLength = 5, maxLength = 60 } = constraints;
  const end = requireInstant(AS_OF);
  return fc
    .array(draft(1), { minLength, maxLength, size: 'medium' })
    .map((drafts) => landed(drafts, () => end).map(({ message }) => message));
}

/**
 * Rows from drafts. An id is `<prefix><index>`, so that the order of ids is not the order of their numbers.
 *
 * @param endOf the instant that a landing ends at, in microseconds; rows are received at most a day before it.
 */
export function landed(
  drafts: readonly Draft[],
  endOf: (landing: number) => bigint,
): { message: Message; landing: number }[] {
  const rows: { message: Message; landing: number }[] = [];
  for (const [index, { content, idPrefix, repeat, landing, receivedBefore }] of drafts.entries()) {
    // Ten microseconds a row keep every received_at its own, landings that end a microsecond apart included.
    const received = endOf(landing) - BigInt(receivedBefore) * HOUR - 10n * BigInt(index);
    const message: Message = {
      message_id: `${idPrefix}${index}`,
      ...columns(content),
      received_at: formatInstant(received),
    };
    const original = repeat === null ? undefined : rows[repeat.of % Math.max(index, 1)];
    rows.push(
      original === undefined || repeat === null
        ? { message, landing }
        : repeated(repeat, original, { message, landing }),
    );
  }
  return rows;
}

function repeated(
  repeat: Repeat,
  original: { message: Message; landing: number },
  row: { message: Message; landing: number },
): { message: Message; landing: number } {
  const { message_id, type, source } = original.message;
  // The very same row may land again, never before it landed first.
  if (repeat.how === 'row') {
    return { message: original.message, landing: Math.max(original.landing, row.landing) };
  }
  if (repeat.how === 'id') return { ...row, message: { ...row.message, message_id } };
  const message: Message = { ...row.message, message_id, type };
  if (source !== undefined) message.source = source;
  return { ...row, message };
}

function columns(content: Content): Omit<Message, 'message_id'> {
  const { type, who, timestamp, properties, traits, context, source, source_id } = content;
  // Every type carries every column: what a type does not use must not matter.
  return {
    type,
    event: content.event,
    name: content.name,
    timestamp,
    ...who,
    group_id: type === 'group' ? content.group : content.tag,
    properties,
    traits,
    context,
    source,
    source_id,
  };
}

/** One message of {@link history}, for a scenario of so many landings. */
export function draft(landings: number): fc.Arbitrary<Draft> {
  return fc.record({
    content: content(),
    idPrefix: fc.oneof(
      { weight: 6, arbitrary: fc.constant('m') },
      fc.constantFrom('M', 'é', '😀', '\uFFFD', "'"),
    ),
    repeat: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      {
        weight: 1,
        arbitrary: fc.record({
          of: fc.nat(59),
          how: fc.constantFrom<Repeat['how']>('identity', 'id', 'row'),
        }),
      },
    ),
    landing: fc.nat(landings - 1),
    receivedBefore: fc.nat(23),
  });
}

function content(): fc.Arbitrary<Content> {
  return fc.record({
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constant<MessageType>('track') },
      { weight: 4, arbitrary: fc.constant<MessageType>('identify') },
      { weight: 2, arbitrary: fc.constant<MessageType>('group') },
      { weight: 2, arbitrary: fc.constantFrom<MessageType>('page', 'screen', 'alias') },
    ),
    who: fc.oneof(
      { weight: 5, arbitrary: fc.record({ user_id: fc.constantFrom(...USERS) }) },
      { weight: 4, arbitrary: fc.record({ anonymous_id: fc.constantFrom(...ANONYMOUS_IDS) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          user_id: fc.constantFrom(...USERS),
          anonymous_id: fc.constantFrom(...ANONYMOUS_IDS),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          {},
          { user_id: '' },
          { user_id: '', anonymous_id: 'a1' },
          { user_id: 'ann', anonymous_id: '' },
        ),
      },
    ),
    timestamp: fc.oneof({ weight: 40, arbitrary: instant() }, { weight: 1, arbitrary: fc.constant(null) }),
    event: fc.oneof(
      { weight: 4, arbitrary: fc.constant(USUAL_EVENT) },
      { weight: 2, arbitrary: fc.constantFrom(...EVENTS) },
    ),
    name: fc.option(fc.oneof(fc.constantFrom(...TEXTS), hostileText()), { freq: 2 }),
    properties: properties(),
    traits: traits(),
    context: context(),
    source: fc.oneof({ weight: 3, arbitrary: fc.constant('raw') }, fc.constantFrom(...SOURCES)),
    source_id: fc.option(fc.constantFrom(...SOURCE_IDS), { freq: 2 }),
    group: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...GROUPS) }, fc.constantFrom('', null)),
    tag: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.constantFrom('', ...GROUPS)),
  });
}

const number = (): fc.Arbitrary<Json> =>
  mostly(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...NUMBERS) }, fc.constantFrom(...NUMERIC_TEXTS)));
const text = (): fc.Arbitrary<Json> =>
  mostly(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...TEXTS) }, hostileText()));
const boolean = (): fc.Arbitrary<Json> => mostly(fc.constantFrom<Json>(true, false, 'true', 'false'));
const date = (): fc.Arbitrary<Json> => mostly(dateText());

/** An object with any of the keys, or none. */
const some = (fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Record<string, Json>> =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Record<string, Json>>;

/** Mostly an object with any of the keys; else something that is none. */
const someObject = (fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 6, arbitrary: some(fields) },
    fc.constantFrom<Json>(null, 'Berlin', 7, [{ city: 'Berlin' }]),
  );

function properties(): fc.Arbitrary<Record<string, Json>> {
  const hostile = Object.fromEntries(HOSTILE_KEYS.map(({ key }) => [key, text()]));
  const item = some({ sku: text(), quantity: number() });
  const usual = some({ price: number(), category: text() });
  const rest = some({
    quantity: number(),
    on_sale: boolean(),
    when: date(),
    info: someObject({ city: text(), zip: number() }),
    tags: mostly(
      fc.array(fc.constantFrom<Json>('a', 'b', 1, '1', null, true, 'it\'s "x"'), { maxLength: 3 }),
    ),
    items: fc.array(fc.oneof({ weight: 5, arbitrary: item }, fc.constantFrom<Json>(null, 'a')), {
      maxLength: 3,
    }),
    ...hostile,
  });
  // Most events have what most definitions ask for; shrinking drops it first.
  const always = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: usual },
    { weight: 3, arbitrary: fc.record({ price: number(), category: text() }, { noNullPrototype: true }) },
  );
  return fc.tuple(always, rest).map(([asked, others]) => ({ ...asked, ...others }));
}

function traits(): fc.Arbitrary<Record<string, Json>> {
  return some({
    plan: text(),
    score: number(),
    vip: boolean(),
    joined: date(),
    email: fc.constantFrom<Json>('ann@example.com', 'b@example.com', '', null),
    address: someObject({ city: text(), zip: number() }),
    'na"me\'s': text(),
    labels: mostly(fc.array(fc.constantFrom<Json>('a', 'b', 1, '1', null, 'Berlin'), { maxLength: 3 })),
  });
}

function context(): fc.Arbitrary<Record<string, Json>> {
  return some({
    page: someObject({ url: fc.constantFrom<Json>('/pricing', 'https://x.example/pricing?a=1%20b', null) }),
    campaign: someObject({ name: text() }),
    groupId: fc.constantFrom<Json>(...GROUPS, null, ''),
    device: someObject({
      type: fc.constantFrom<Json>('ios', 'Android', 'desktop', null),
      advertisingId: fc.constantFrom<Json>('idfa-1', '', null),
    }),
  });
}
