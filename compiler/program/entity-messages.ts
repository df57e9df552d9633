/**
 * Which rows of entities an identifier is told of (SEMANTICS §7): those of its profile against those that its destination
 * was last told, or is about to be. As with membership, a destination connected later is told of all, one that was paused
 * catches up, and an anonymous profile that becomes part of another says nothing twice.
 */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  bool,
  c,
  call,
  eq,
  filter,
  int,
  join,
  lit,
  not,
  or,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
  values,
} from '../ir/build.js';
import { CompilerBug } from '../diagnostics/index.js';
import type { Expr, Relation } from '../ir/types.js';
import { stagedEntities } from './entity-state.js';
import { AS_OF } from './identity.js';
import { DIRECTIONS, type EntityLists } from './messages.js';
import { accountUsers, publishedRows, scanSpec, staged, temporary } from './names.js';
import { channelOf, holders, receivers, withOwnProfile, withTrue } from './receivers.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, STATE, WAY_KEYS } from './state.js';
import { TOLD } from './told.js';
import { WAY } from './ways.js';
import { permitted } from './withheld.js';
import type { OutboxEntities, OutboxInput } from './outbox-link.js';
import type { StepOp } from './types.js';

const NOTHING: OutboxEntities = { names: [], added: [], fromNow: [] };

/** What an identifier is told of: a row of an entity. */
const ROW = [...IDENTIFIER, 'entity', 'entity_id'] as const;

const CHANGES = temporary('outbox_entities', [
  ...IDENTIFIER_COLUMNS,
  { name: 'profile_no', type: 'int' },
  { name: 'entity', type: 'text' },
  { name: 'entity_id', type: 'text' },
  { name: 'has_entered', type: 'bool' },
]);

/** Finds what each identifier is to be told of now. */
export function entityChanges(input: OutboxInput): StepOp {
  const { names } = input.link.entities ?? NOTHING;
  const rows = permitted(input.schema, input.link.withheld, held(input, names));
  const told = toldOf(input, names);
  const now = beside(people(input, staged('audience', int(input.definitionNo))), rows);
  // Who was told of a row is told of its end, unless the profile of today has it.
  const theirs = withOwnProfile(input.schema, told, input.link.addresses ?? false);
  const gone = antiJoin(theirs, rows, ['profile_no', 'entity', 'entity_id']);
  const said = (from: Relation, hasEntered: boolean): Relation =>
    project(
      from,
      CHANGES.columns.map(({ name }) => as(name, name === 'has_entered' ? bool(hasEntered) : c(from, name))),
    );
  return {
    op: 'replace',
    spec: CHANGES,
    query: union([said(antiJoin(now, told, ROW), true), said(gone, false)]),
  };
}

/** Changes as messages carry them: a row an identifier. */
export interface Told {
  /** `identifier_type`, `identifier`, `profile_no`, the lists. */
  readonly rows: Relation;
  readonly lists: EntityLists;
  /** Of the rows those with something in a direction. */
  readonly going: (direction: (typeof DIRECTIONS)[number]) => Relation;
}

/** What identifiers are to be told of, once it is found. */
export function entitiesTold({ link }: OutboxInput): Told {
  const { names } = link.entities ?? NOTHING;
  const all = scanSpec(CHANGES);
  const isIn = c(all, 'has_entered');
  const goes = { entered: isIn, exited: not(isIn) };
  const listName = (entity: string, direction: string): string => `${direction}_${names.indexOf(entity)}`;
  const id = c(all, 'entity_id');
  const rows = aggregate(
    all,
    [...IDENTIFIER, 'profile_no'].map((name) => as(name, c(all, name))),
    DIRECTIONS.flatMap((direction) => [
      as(`any_${direction}`, agg('count', [], { filter: goes[direction] })),
      ...names.map((entity) => {
        const asked = and(goes[direction], eq(c(all, 'entity'), text(entity)));
        return as(
          listName(entity, direction),
          agg('json_text_array', [id], { filter: asked, orderBy: [id] }),
        );
      }),
    ]),
  );
  return {
    rows,
    lists: {
      names,
      of: (from, entity, direction) => call('coalesce', c(from, listName(entity, direction)), EMPTY),
    },
    going: (direction) => filter(rows, call('gt', c(rows, `any_${direction}`), int(0))),
  };
}

const EMPTY = lit({ type: 'json', value: '[]' });

/** Remembers what is queued: rows that exited are no more told of, those that entered are. */
export function rememberEntities(
  input: OutboxInput,
): readonly { readonly id: string; readonly op: StepOp }[] {
  const { schema, link } = input;
  const all = scanSpec(CHANGES);
  const keys = [...WAY_KEYS, ...ROW];
  const gone = pick(sentRows(input, filter(all, not(c(all, 'has_entered')))), keys);
  const table = schema.ref('sent_entities');
  const { added } = link.entities ?? NOTHING;
  return [
    { id: 'entities.forget', op: { op: 'delete', table, query: gone, keys } },
    {
      id: 'entities.remember',
      op: { op: 'append', table, query: sentRows(input, filter(all, c(all, 'has_entered'))) },
    },
    ...(added.length === 0 ? [] : [{ id: 'entities.connection', op: connection(input, added) }]),
  ];
}

/** What a destination is taken to know when it begins with what enters or exits after this run: what members have now. */
export function entityBaseline(input: OutboxInput): StepOp {
  const { schema, link } = input;
  const before = people(input, publishedRows(schema, 'audience', int(input.definitionNo)));
  const rows = permitted(input.schema, link.withheld, held(input, link.entities?.fromNow ?? []));
  return {
    op: 'append',
    table: schema.ref('sent_entities'),
    query: sentRows(input, beside(before, rows)),
  };
}

function connection({ schema, definition, link }: OutboxInput, added: readonly string[]): StepOp {
  const rows = added.map((entity) =>
    STATE.entity_connections.map(({ name, type }) =>
      name === 'connected_at'
        ? param('started_at', type)
        : text({ entity, destination_key: link.destination.key, definition_key: definition.key }[name] ?? ''),
    ),
  );
  return {
    op: 'append',
    table: schema.ref('entity_connections'),
    query: values(STATE.entity_connections, rows),
  };
}

/** The rows that this run found, by the people whose they are: of an account its users. */
function held({ definition, definitionNo }: OutboxInput, names: readonly string[]): Relation {
  const own = stagedEntities((rows) =>
    filter(rows, and(eq(c(rows, 'definition_no'), int(definitionNo)), among(rows, names))),
  );
  if (definition.of === 'users') return own;
  const rows = pick(own, [['profile_no', 'account'], 'entity', 'entity_id']);
  const theirs = join('inner', accountUsers(), rows, ['account']);
  return pick(theirs, ['profile_no', 'entity', 'entity_id'], { distinct: true });
}

/** Receivers beside what their profiles hold. */
const beside = (receivers: Relation, rows: Relation): Relation =>
  join('inner', pick(receivers, [...IDENTIFIER, 'profile_no']), rows, ['profile_no']);

/** What identifiers were told of these entities. */
function toldOf({ schema, definition, link, leaving }: OutboxInput, names: readonly string[]): Relation {
  const all = schema.scan('sent_entities');
  const rows = pick(filter(all, and(isOfWay(definition, link, all), among(all, names))), ROW);
  return leaving ? semiJoin(rows, leaving, IDENTIFIER) : rows;
}

const isOfWay = (
  { key }: OutboxInput['definition'],
  { destination }: OutboxInput['link'],
  rows: Relation,
): Expr =>
  and(eq(c(rows, 'destination_key'), text(destination.key)), eq(c(rows, 'definition_key'), text(key)));

/**
 * Forgets what identifiers were told of that are not told to be in: the messages that said so were taken back. Else they would
 * be told the end of what they never heard of, and nothing of it when they are told again.
 */
export function forgetTakenBack({ schema, definition, link, no }: OutboxInput): StepOp {
  const told = scanSpec(TOLD);
  const standing = filter(told, and(eq(c(told, WAY.name), int(no)), eq(c(told, 'told'), text('true'))));
  const all = schema.scan('sent_entities');
  const keys = [...WAY_KEYS, ...IDENTIFIER];
  const others = antiJoin(filter(all, isOfWay(definition, link, all)), standing, IDENTIFIER);
  return {
    op: 'delete',
    table: schema.ref('sent_entities'),
    query: pick(others, keys, { distinct: true }),
    keys,
  };
}

const among = (rows: Relation, names: readonly string[]): Expr =>
  or(...names.map((name) => eq(c(rows, 'entity'), text(name))));

/** Rows of `sent_entities`. */
const sentRows = ({ definition, link }: OutboxInput, rows: Relation): Relation =>
  project(rows, [
    as('destination_key', text(link.destination.key)),
    as('definition_key', text(definition.key)),
    ...ROW.map((name) => as(name, c(rows, name))),
    as('told_at', AS_OF),
  ]);

/** Whom track messages about members go to. */
function people({ schema, definition, link }: OutboxInput, members: Relation): Relation {
  const channel = channelOf(definition, ['track'], link, 'people');
  if (!channel) throw new CompilerBug('nobody is sent track messages');
  return receivers(schema, channel, holders(channel, withTrue(members), []), []);
}
