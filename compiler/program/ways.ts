/**
 * Ways out of definitions as tables of constants: one statement speaks of all of them, however many there are. What
 * differs from way to way is in their columns; what cannot be (who is a receiver) is in the statement once a channel.
 */
import { isCounting } from '../../models/algebra.js';
import type { Definition } from '../../models/definition.js';
import { and, bool, c, eq, filter, int, join, not, nul, or, pick, text, values } from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { constantsOf, CONSTANTS, formOf, type Form, type Message } from './messages.js';
import { scanSpec, temporary } from './names.js';
import type { OutboxInput } from './outbox-link.js';
import { channelOf, isOfSide, typesOf, type Channel, type Side } from './receivers.js';
import { STATE, WAY_KEYS } from './state.js';
import type { TableSpec } from './types.js';

/** The number of a way. */
export const WAY: Column = { name: 'way', type: 'int' };

const COLUMNS: readonly Column[] = [
  WAY,
  { name: 'destination_key', type: 'text' },
  { name: 'definition_key', type: 'text' },
  { name: 'definition_no', type: 'int' },
  /** What is said of a profile that has no value any more. */
  { name: 'end_value', type: 'text' },
  /** Channels by name; null where nobody on that side is told. */
  { name: 'people', type: 'text' },
  { name: 'accounts', type: 'text' },
];

export const WAYS = temporary('outbox_ways', COLUMNS);

/** A row a way and type of message. */
export const KINDS = temporary('outbox_kinds', [WAY, { name: 'is_group', type: 'bool' }, ...CONSTANTS]);

/** Rows of both tables. */
export function wayTables(
  inputs: readonly OutboxInput[],
): readonly { readonly spec: TableSpec; readonly query: Relation }[] {
  const kinds = inputs.flatMap((input) =>
    input.link.types.map((type) => [
      int(input.no),
      bool(type === 'group'),
      ...constantsOf(messageOf(input, type)),
    ]),
  );
  return [
    { spec: WAYS, query: values(WAYS.columns, inputs.map(wayRow)) },
    { spec: KINDS, query: values(KINDS.columns, kinds) },
  ];
}

export function messageOf(
  { definition, namespace, link: { destination, along, addresses } }: OutboxInput,
  type: Message['type'],
): Message {
  const own = along?.[type === 'group' ? 'accounts' : 'people'] ?? [];
  const reached = addresses === true && type !== 'group';
  return { type, definition, destination, namespace, along: own, addresses: reached };
}

function wayRow({ no, definition, definitionNo, link }: OutboxInput): readonly Expr[] {
  const name = (side: Side): Expr => {
    const channel = channelOf(definition, link.types, link, side);
    return channel ? text(channel.name) : nul('text');
  };
  return [
    int(no),
    text(link.destination.key),
    text(definition.key),
    int(definitionNo),
    text(endValue(definition)),
    name('people'),
    name('accounts'),
  ];
}

/** What is said of a profile that has no value any more: a count is 0 then (SEMANTICS §2). */
function endValue(definition: Definition): 'false' | 'null' | '0' {
  if (definition.kind !== 'trait') return 'false';
  const { value } = definition;
  return value.kind === 'reduced' && isCounting(value.reducer.fn) ? '0' : 'null';
}

/** The channels of ways, each once. */
export function channelsOf(inputs: readonly OutboxInput[]): readonly Channel[] {
  const all = inputs.flatMap(({ definition, link }) =>
    (['people', 'accounts'] as const).flatMap((side) => channelOf(definition, link.types, link, side) ?? []),
  );
  return [...new Map(all.map((channel) => [channel.name, channel])).values()];
}

/** The ways of a channel: WAY, `definition_no`, `end_value`. */
export function waysOf({ side, name }: Channel): Relation {
  const ways = scanSpec(WAYS);
  return pick(filter(ways, eq(c(ways, side), text(name))), [WAY.name, 'definition_no', 'end_value']);
}

const keysOfWays = (): Relation => pick(scanSpec(WAYS), [WAY.name, ...WAY_KEYS]);

/** Rows with a WAY, with its keys. */
export const withWayKeys = (rows: Relation): Relation => join('inner', rows, keysOfWays(), [WAY.name]);

/** Rows of state that are of ways, each with its WAY. */
export const ofWays = (rows: Relation): Relation => join('inner', rows, keysOfWays(), WAY_KEYS);

/** The forms that messages of ways have, but for those that carry rows of entities. */
export function formsOf(inputs: readonly OutboxInput[]): readonly Form[] {
  const forms = inputs.flatMap((input) =>
    input.link.types
      .filter((type) => !(input.link.entities && type === 'track'))
      .map((type) => formOf(messageOf(input, type))),
  );
  return [...new Map(forms.map((form) => [form.name, form])).values()];
}

/** How many messages a change comes to, by the side it goes to; those that carry rows of entities are not among them. */
export const perChange = ({ link }: OutboxInput): Readonly<Record<Side, number>> => ({
  people: typesOf('people', link.types).filter((type) => !(link.entities && type === 'track')).length,
  accounts: typesOf('accounts', link.types).length,
});

/** Changes beside the kinds of messages they come to, but for those that carry rows of entities. */
export function kindsBeside(rows: Relation, inputs: readonly OutboxInput[]): Relation {
  const kinds = scanSpec(KINDS);
  const telling = inputs.filter(({ link }) => link.entities).map(({ no }) => int(no));
  const apart = and(
    eq(c(kinds, 'message_type'), text('track')),
    or(...telling.map((no) => eq(c(kinds, WAY.name), no))),
  );
  const all = join('inner', rows, telling.length === 0 ? kinds : filter(kinds, not(apart)), [WAY.name]);
  return filter(all, eq(c(all, 'is_group'), isOfSide('accounts', all)));
}

/** Rows of `connections` for ways that are new. */
export const connectionRows = (inputs: readonly OutboxInput[], at: Expr): Relation =>
  values(
    STATE.connections,
    inputs.map(({ definition, link }) => [text(link.destination.key), text(definition.key), at]),
  );
