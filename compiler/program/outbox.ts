/**
 * The outbox (SEMANTICS §7): what should be true of each identifier against what each destination was last
 * told of it. Everything happens in sets in the warehouse; what goes out is a difference, so an interrupted
 * or paused destination catches up by itself.
 */
import { isCounting } from '../../models/algebra.js';
import type { Definition, Destination } from '../../models/definition.js';
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
  or,
  param,
  pick,
  project,
  rowNumber,
  text,
  union,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { messageRows, type Message } from './messages.js';
import { scanSpec, staged, temporary } from './names.js';
import { publishedRows } from './publish.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

/** One way out of a definition. */
export interface OutboxLink {
  readonly destination: Destination;
  readonly types: readonly Message['type'][];
  /** Nothing was ever sent this way. */
  readonly isNew: boolean;
  /** A new way on which only what changes from now on is told. */
  readonly fromNow: boolean;
}

export interface OutboxInput {
  readonly schema: StateSchema;
  readonly definition: Definition;
  readonly namespace: string;
  readonly link: OutboxLink;
}

/** `repeats`: how many messages it was sent at this `as_of` by runs before (see `messageId`). */
const TOLD = temporary('outbox_told', [
  { name: 'identifier_type', type: 'text' },
  { name: 'identifier', type: 'text' },
  { name: 'told', type: 'text' },
  { name: 'repeats', type: 'int' },
]);
const RECEIVERS: readonly Column[] = [
  { name: 'identifier_type', type: 'text' },
  { name: 'identifier', type: 'text' },
  { name: 'profile_no', type: 'int' },
  { name: 'value', type: 'text' },
];
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
  return {
    baseline: link.fromNow ? [baseline] : [],
    fill: [
      make('told', 'what it was last told', {
        op: 'replace',
        spec: TOLD,
        query: told(schema, to, definition.key),
      }),
      make('changes', 'what has changed', { op: 'replace', spec: CHANGES, query: changes(input) }),
      make('messages', 'messages', { op: 'append', table: schema.ref('outbox'), query: outboxRows(input) }),
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

/** The value each profile has: an audience's members `true`, a trait's values. */
function holders(definition: Definition): Relation {
  const stage = staged(definition.kind, param('definition_no', 'int'));
  return definition.kind === 'audience' ? withTrue(stage) : pick(stage, ['profile_no', 'value']);
}

const withTrue = (rows: Relation): Relation =>
  project(rows, [as('profile_no', c(rows, 'profile_no')), as('value', text('true'))]);

/** RECEIVERS columns of the identifiers that messages about profiles go to by default. */
function addressed(schema: StateSchema, rows: Relation, strategy: Destination['identifiers']): Relation {
  const subjects = schema.scan('subjects');
  const existing = pick(filter(subjects, call('le', c(subjects, 'first_at'), AS_OF)), [
    'identifier_type',
    'identifier',
    'profile_no',
    'first_at',
    'first_id',
  ]);
  const users = pick(schema.scan('profiles'), ['profile_no', 'user_id']);
  const all = join('left', join('inner', existing, rows, ['profile_no']), users, ['profile_no']);
  const isUser = eq(c(all, 'identifier_type'), text('user_id'));
  const receivers = filter(all, or(isUser, call('is_null', c(all, 'user_id'))));
  return pick(
    chosen(receivers, strategy),
    RECEIVERS.map((column) => column.name),
  );
}

function chosen(receivers: Relation, strategy: Destination['identifiers']): Relation {
  if (strategy === 'all') return receivers;
  const desc = strategy === 'last_added';
  const ranked = rowNumber(receivers, {
    partitionBy: [c(receivers, 'profile_no')],
    orderBy: ['first_at', 'first_id', 'identifier'].map((name) => ({ expr: c(receivers, name), desc })),
    as: 'rank',
  });
  return filter(ranked, eq(c(ranked, 'rank'), int(1)));
}

/** Identifiers to be told something new. */
function changes(input: OutboxInput): Relation {
  const { schema, definition, link } = input;
  const before = scanSpec(TOLD);
  const wanted = addressed(schema, holders(definition), link.destination.identifiers);
  const beside = join('left', wanted, before, ['identifier_type', 'identifier']);
  const differing = filter(beside, call('is_distinct', c(beside, 'value'), c(beside, 'told')));
  const news = project(differing, [
    ...RECEIVERS.map(({ name }) => as(name, c(differing, name))),
    as('repeats', call('coalesce', c(differing, 'repeats'), int(0))),
  ]);
  // Ends go to every identifier that was told of a beginning, and whose profile of today has none of it.
  const ended = filter(before, standing(definition, before));
  const subjects = pick(schema.scan('subjects'), ['identifier_type', 'identifier', 'profile_no']);
  const theirs = join('inner', ended, subjects, ['identifier_type', 'identifier']);
  const gone = antiJoin(theirs, holders(definition), ['profile_no']);
  const ends = project(gone, [
    as('identifier_type', c(gone, 'identifier_type')),
    as('identifier', c(gone, 'identifier')),
    as('profile_no', c(gone, 'profile_no')),
    as('value', text(endValue(definition))),
    as('repeats', c(gone, 'repeats')),
  ]);
  return union([news, ends]);
}

/** What is said of a profile that has no value any more: a count is 0 then (SEMANTICS §2). */
function endValue(definition: Definition): 'false' | 'null' | '0' {
  if (definition.kind === 'audience') return 'false';
  const { value } = definition;
  return value.kind === 'reduced' && isCounting(value.reducer.fn) ? '0' : 'null';
}

/** Whether what was told last is something that can end. */
function standing(definition: Definition, rows: Relation): Expr {
  const last = c(rows, 'told');
  if (definition.kind === 'audience') return eq(last, text('true'));
  return and(call('ne', last, text('null')), call('ne', last, text(endValue(definition))));
}

/** Rows of `sent` that say what was true before the run, without sending it. */
function baselineRows({ schema, definition, link }: OutboxInput): Relation {
  const isAudience = definition.kind === 'audience';
  const published = publishedRows(schema, isAudience ? 'member_state' : 'trait_state');
  const rows = isAudience ? withTrue(published) : pick(published, ['profile_no', 'value']);
  const receivers = addressed(schema, rows, link.destination.identifiers);
  return project(receivers, [
    as('destination_key', text(link.destination.key)),
    as('definition_key', text(definition.key)),
    as('identifier_type', c(receivers, 'identifier_type')),
    as('identifier', c(receivers, 'identifier')),
    as('value', c(receivers, 'value')),
    as('sent_at', AS_OF),
  ]);
}

/** Rows of `outbox`: a message of each type for each change. */
function outboxRows({ schema, definition, namespace, link }: OutboxInput): Relation {
  const heads = pick(schema.scan('subjects'), [
    ['subject_no', 'profile_no'],
    ['identifier', 'profile_id'],
  ]);
  const emails = pick(schema.scan('profiles'), ['profile_no', 'latest_email']);
  const rows = join('left', join('inner', scanSpec(CHANGES), heads, ['profile_no']), emails, ['profile_no']);
  const messages = link.types.map((type) =>
    messageRows(rows, { type, definition, destination: link.destination, namespace }),
  );
  return pick(
    union(messages),
    STATE.outbox.map((column) => column.name),
  );
}
