/**
 * The outbox (SEMANTICS §7): what should be true of each identifier against what each destination was last
 * told of it. Everything happens in sets in the warehouse; what goes out is a difference, so an interrupted
 * or paused destination catches up by itself.
 */
import { isCounting } from '../../models/algebra.js';
import type { Definition } from '../../models/definition.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  oneRow,
  param,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import {
  entitiesTold,
  entityBaseline,
  entityChanges,
  rememberEntities,
  type Told,
} from './entity-messages.js';
import { AS_OF } from './identity.js';
import { DIRECTIONS, messageRows } from './messages.js';
import type { OutboxInput } from './outbox-link.js';
import { scanSpec, temporary } from './names.js';
import { publishedRows } from './publish.js';
import { channelsOf, RECEIVERS, withTrue, type Channel } from './receivers.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

/** `repeats`: how many messages it was sent at this `as_of` by runs before (see `messageId`). */
const TOLD = temporary('outbox_told', [
  { name: 'identifier_type', type: 'text' },
  { name: 'identifier', type: 'text' },
  { name: 'told', type: 'text' },
  { name: 'repeats', type: 'int' },
]);
const CHANGES = temporary('outbox_changes', [...RECEIVERS, { name: 'repeats', type: 'int' }]);

export interface OutboxSteps {
  /** Before state changes: what the destination is taken to know already. */
  readonly baseline: readonly Step[];
  /** After state changed: the messages. */
  readonly fill: readonly Step[];
}

/** The steps that queue one definition's messages to one destination. */
export function outboxSteps(input: OutboxInput): OutboxSteps {
  const { schema, definition, link } = input;
  const to = link.destination.key;
  const make = (id: string, title: string, op: StepOp): Step => ({
    id: `outbox.${definition.key}.${to}.${id}`,
    title: `${definition.key} → ${to}: ${title}`,
    definition: definition.key,
    ...op,
  });
  const baseline = make('baseline', 'what was true before it was connected', {
    op: 'append',
    table: schema.ref('sent'),
    query: baselineRows(input),
  });
  const connection = make('connection', 'connected', {
    op: 'append',
    table: schema.ref('connections'),
    query: oneRow([
      as('destination_key', text(to)),
      as('definition_key', text(definition.key)),
      as('connected_at', param('started_at', 'timestamp')),
    ]),
  });
  const { entities } = link;
  return {
    baseline: [
      ...(link.fromNow ? [baseline] : []),
      ...(entities && entities.fromNow.length > 0
        ? [make('entities.baseline', 'entities there were before', entityBaseline(input))]
        : []),
    ],
    fill: [
      make('told', 'what it was last told', {
        op: 'replace',
        spec: TOLD,
        query: told(schema, to, definition.key),
      }),
      make('changes', 'what has changed', { op: 'replace', spec: CHANGES, query: changes(input) }),
      ...(entities ? [make('entities', 'entities that entered or exited', entityChanges(input))] : []),
      make('messages', 'messages', { op: 'append', table: schema.ref('outbox'), query: outboxRows(input) }),
      ...(entities
        ? rememberEntities(input).map(({ id, op }) => make(id, 'entities that it was told of', op))
        : []),
      ...(link.isNew ? [connection] : []),
    ],
  };
}

/**
 * What a destination was last told, or is about to be: the latest message queued for each identifier, whatever
 * became of it, else what `sent` says. A message that was rejected counts as told, or it would be queued for ever.
 */
function told(schema: StateSchema, destination: string, definition: string): Relation {
  const own = (rows: Relation): Relation =>
    filter(
      rows,
      and(eq(c(rows, 'destination_key'), text(destination)), eq(c(rows, 'definition_key'), text(definition))),
    );
  const runs = schema.scan('runs');
  const sameRuns = pick(filter(runs, eq(c(runs, 'as_of'), AS_OF)), ['run_no', ['run_id', 'same_as_of']]);
  const queued = join('left', own(schema.scan('outbox')), sameRuns, ['run_no']);
  const latest = aggregate(
    queued,
    [as('identifier_type', c(queued, 'identifier_type')), as('identifier', c(queued, 'identifier'))],
    [
      as('told', agg('last', [c(queued, 'value')], { orderBy: [c(queued, 'run_no')] })),
      as('repeats', agg('count', [c(queued, 'same_as_of')])),
    ],
  );
  const sent = own(schema.scan('sent'));
  const onlySent = antiJoin(sent, latest, ['identifier_type', 'identifier']);
  return union([
    latest,
    project(onlySent, [
      as('identifier_type', c(onlySent, 'identifier_type')),
      as('identifier', c(onlySent, 'identifier')),
      as('told', c(onlySent, 'value')),
      as('repeats', int(0)),
    ]),
  ]);
}

/** The value of each member or holder in rows of the definition. */
const withValues = ({ kind }: Definition, rows: Relation): Relation =>
  kind === 'trait' ? pick(rows, ['profile_no', 'value']) : withTrue(rows);

/** Identifiers to be told something new. */
function changes({ schema, definition, link }: OutboxInput): Relation {
  const state = definition.kind === 'trait' ? 'trait_state' : 'member_state';
  const rows = withValues(definition, publishedRows(schema, state));
  const channels = channelsOf(schema, definition, link.types, link.destination);
  return union(
    channels.flatMap((channel) => {
      const holders = channel.holders(rows);
      return [news(channel.receivers(holders)), ends(schema, definition, channel, holders)];
    }),
  );
}

/** Receivers who were last told something else. */
function news(receivers: Relation): Relation {
  const beside = join('left', receivers, scanSpec(TOLD), ['identifier_type', 'identifier']);
  const differing = filter(beside, call('is_distinct', c(beside, 'value'), c(beside, 'told')));
  return project(differing, [
    ...RECEIVERS.map(({ name }) => as(name, c(differing, name))),
    as('repeats', call('coalesce', c(differing, 'repeats'), int(0))),
  ]);
}

/** Ends go to every identifier that was told of a beginning, and whose profile of today has none of it. */
function ends(schema: StateSchema, definition: Definition, channel: Channel, holders: Relation): Relation {
  const before = scanSpec(TOLD);
  const ended = filter(before, and(channel.addresses(before), standing(definition, before)));
  const subjects = pick(schema.scan('subjects'), ['identifier_type', 'identifier', 'profile_no']);
  const theirs = join('inner', ended, subjects, ['identifier_type', 'identifier']);
  const gone = antiJoin(theirs, holders, ['profile_no']);
  return project(gone, [
    as('identifier_type', c(gone, 'identifier_type')),
    as('identifier', c(gone, 'identifier')),
    as('profile_no', c(gone, 'profile_no')),
    as('value', text(endValue(definition))),
    as('repeats', c(gone, 'repeats')),
  ]);
}

/** What is said of a profile that has no value any more: a count is 0 then (SEMANTICS §2). */
function endValue(definition: Definition): 'false' | 'null' | '0' {
  if (definition.kind !== 'trait') return 'false';
  const { value } = definition;
  return value.kind === 'reduced' && isCounting(value.reducer.fn) ? '0' : 'null';
}

/** Whether what was told last is something that can end. */
function standing(definition: Definition, rows: Relation): Expr {
  const last = c(rows, 'told');
  if (definition.kind !== 'trait') return eq(last, text('true'));
  return and(call('ne', last, text('null')), call('ne', last, text(endValue(definition))));
}

/** Rows of `sent` that say what was true before the run, without sending it. */
function baselineRows({ schema, definition, link }: OutboxInput): Relation {
  const state = definition.kind === 'trait' ? 'trait_state' : 'member_state';
  const rows = withValues(definition, publishedRows(schema, state));
  const channels = channelsOf(schema, definition, link.types, link.destination);
  const receivers = union(channels.map((channel) => channel.receivers(channel.holders(rows))));
  return project(receivers, [
    as('destination_key', text(link.destination.key)),
    as('definition_key', text(definition.key)),
    as('identifier_type', c(receivers, 'identifier_type')),
    as('identifier', c(receivers, 'identifier')),
    as('value', c(receivers, 'value')),
    as('sent_at', AS_OF),
  ]);
}

/** Rows of `outbox`: a message of each type for each change, and one for what entered and exited for who stays. */
function outboxRows(input: OutboxInput): Relation {
  const { schema, definition, namespace, link } = input;
  const base = { definition, destination: link.destination, namespace };
  const withProfiles = profilesOf(schema);
  const rows = withProfiles(scanSpec(CHANGES));
  const told = link.entities && entitiesTold(input);
  const channels = channelsOf(schema, definition, link.types, link.destination);
  const messages = channels.flatMap(({ types, addresses }) => {
    // One channel's changes are all there are.
    const own = channels.length > 1 ? filter(rows, addresses(rows)) : rows;
    return types.map((type) =>
      told && type === 'track'
        ? messageRows(withLists(own, told), { ...base, type, entities: told.lists })
        : messageRows(own, { ...base, type }),
    );
  });
  const staying = told
    ? DIRECTIONS.map((says) => {
        const others = withProfiles(remaining(told.going(says)));
        return messageRows(others, { ...base, type: 'track', entities: told.lists, says });
      })
    : [];
  return pick(
    union([...messages, ...staying]),
    STATE.outbox.map((column) => column.name),
  );
}

const IDENTIFIER = ['identifier_type', 'identifier'] as const;

/** Messages beside what they are to tell of entities. */
function withLists(rows: Relation, { rows: told }: Told): Relation {
  const lists = told.columns.map(({ name }) => name).filter((name) => name !== 'profile_no');
  return join('left', rows, pick(told, lists), IDENTIFIER);
}

/** Of those to be told of entities who is told nothing else, beside what they were told last. */
function remaining(rows: Relation): Relation {
  const others = antiJoin(rows, scanSpec(CHANGES), IDENTIFIER);
  const beside = join('left', others, scanSpec(TOLD), IDENTIFIER);
  const kept = rows.columns.map(({ name }) => as(name, c(beside, name)));
  return project(beside, [
    ...kept,
    as('value', call('coalesce', c(beside, 'told'), text('false'))),
    as('repeats', call('coalesce', c(beside, 'repeats'), int(0))),
  ]);
}

/** Puts what a message says of a profile beside rows with one. */
const profilesOf = (schema: StateSchema): ((rows: Relation) => Relation) => {
  const heads = pick(schema.scan('subjects'), [
    ['subject_no', 'profile_no'],
    ['identifier', 'profile_id'],
  ]);
  const emails = pick(schema.scan('profiles'), ['profile_no', 'latest_email']);
  return (rows) => join('left', join('inner', rows, heads, ['profile_no']), emails, ['profile_no']);
};
