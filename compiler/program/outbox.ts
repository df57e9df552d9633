/**
 * The outbox (SEMANTICS §7): what should be true of each identifier against what each destination was last
 * told of it. Everything happens in sets in the warehouse, for all ways out of all definitions at once; what goes out
 * is a difference, so an interrupted or paused destination catches up by itself.
 */
import {
  and,
  antiJoin,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import {
  entitiesTold,
  entityBaseline,
  entityChanges,
  forgetTakenBack,
  rememberEntities,
  type Told,
} from './entity-messages.js';
import { withTraits } from './along.js';
import { baselineRows, CHANGES, changes, counted, everyone, goneTo } from './changes.js';
import { DIRECTIONS, formOf, messageRows, type Form } from './messages.js';
import type { OutboxInput, OutboxWay } from './outbox-link.js';
import { scanSpec } from './names.js';
import { isOfSide, withProfiles, type Side } from './receivers.js';
import { IDENTIFIER, STATE, type StateSchema } from './state.js';
import { told, TOLD } from './told.js';
import type { Step, StepOp } from './types.js';
import { filteredRows, takenBack, withdrawn } from './withheld.js';
import {
  channelsOf,
  connectionRows,
  formsOf,
  kindsBeside,
  KINDS,
  messageOf,
  perChange,
  WAY,
  waysOf,
  wayTables,
} from './ways.js';

/** The steps that queue the messages of ways. Their number does not grow with that of the ways, but of those with entities. */
export interface OutboxSteps {
  /** The ways, as tables: first of all, and before `baseline` too. */
  readonly ways: readonly Step[];
  /** Before state changes: what destinations are taken to know already. */
  readonly baseline: readonly Step[];
  /** After state changed: who is to be told what. */
  readonly find: readonly Step[];
  /** `read` of `{ way, people, accounts }`: how many changes there are of each way that has any. */
  readonly counts: Step;
  /** The messages; nothing where nothing changed. */
  readonly queue: readonly Step[];
  /** What is told of rows of entities, a way after the other. */
  readonly entities: readonly Step[];
  readonly connect: readonly Step[];
  /** By the number of a way: whose it is, and how many messages of `queue` a change of it comes to. */
  readonly messages: ReadonlyMap<number, { readonly key: string } & Readonly<Record<Side, number>>>;
}

/** Whether the rows a step changes are messages. */
export const queues = (step: Step): boolean => step.op === 'append' && step.table.name === 'outbox';

/**
 * The steps for some ways.
 *
 * @param leaving (identifier_type, identifier) of those who are told the end of all that they were told, while nobody else is
 * told anything; absent: everyone is told what has changed
 */
export function outboxSteps(
  schema: StateSchema,
  ways: readonly OutboxWay[],
  leaving?: Relation,
): OutboxSteps {
  if (ways.length === 0) return { ...NOTHING, counts: countsStep() };
  const inputs = ways.map((way, i): OutboxInput => ({
    ...way,
    schema,
    no: i + 1,
    ...(leaving && { leaving }),
  }));
  const make = (id: string, title: string, op: StepOp): Step => ({ id: `outbox.${id}`, title, ...op });
  const fromNow = inputs.filter(({ link }) => link.fromNow);
  const fromNext = inputs.filter(({ link }) => link.fromNext);
  const channels = channelsOf(inputs);
  const keeping = channels.filter(({ withheld }) => withheld);
  const mayLack = keeping.length > 0 || inputs.some(({ link }) => link.takenBack);
  const queued = told(schema, mayLack ? takenBack(schema) : undefined);
  const resent = inputs.filter(({ link }) => link.resend).map(({ no }) => no);
  const added = inputs.filter(({ link }) => link.isNew);
  const forms = formsOf(inputs);
  const outbox = schema.ref('outbox');
  return {
    ways: wayTables(inputs).map(({ spec, query }) =>
      make(spec.table.name, 'ways out of definitions', { op: 'replace', spec, query }),
    ),
    baseline: [
      ...(fromNow.length === 0
        ? []
        : [
            make('baseline', 'what was true before destinations were connected', {
              op: 'append',
              table: schema.ref('sent'),
              query: baselineRows(schema, fromNow),
            }),
          ]),
      ...inputs.flatMap((input) => {
        const before = input.link.entities?.fromNow ?? [];
        return before.length === 0
          ? []
          : [ofWay(input, 'entities.baseline', 'entities there were before', entityBaseline(input))];
      }),
    ],
    find: [
      ...(fromNext.length === 0
        ? []
        : [
            make('beginning', 'what is true when destinations are connected', {
              op: 'append',
              table: schema.ref('sent'),
              query: baselineRows(schema, fromNext),
            }),
          ]),
      ...fromNext
        .filter(({ link }) => link.entities)
        .map((input) => ofWay(input, 'entities.beginning', 'entities there are', entityBaseline(input))),
      ...(keeping.length === 0
        ? []
        : [make('withdrawn', 'what is kept back of what waits', withdrawn(schema, keeping))]),
      make('told', 'what destinations were last told', {
        op: 'replace',
        spec: TOLD,
        query: leaving ? semiJoin(queued, leaving, IDENTIFIER) : queued,
      }),
      make('changes', 'what has changed', {
        op: 'replace',
        spec: CHANGES,
        query: changes(schema, channels, leaving === undefined, resent),
      }),
      ...(keeping.length === 0
        ? []
        : [
            make(
              'filtered',
              'who is not told, and why',
              filteredRows(
                schema,
                keeping,
                (channel) => everyone(schema, channel),
                (channel, rows) => goneTo(schema, channel, rows, waysOf(channel)),
              ),
            ),
          ]),
    ],
    counts: countsStep(),
    queue:
      forms.length === 0
        ? []
        : [
            make('messages', 'messages', {
              op: 'append',
              table: outbox,
              query: pick(
                messageRows(kindsBeside(ready(schema, scanSpec(CHANGES), forms), inputs), forms),
                STATE.outbox.map((column) => column.name),
              ),
            }),
          ],
    entities: inputs.flatMap((input) => (input.link.entities ? entitySteps(input) : [])),
    connect:
      added.length === 0
        ? []
        : [
            make('connections', 'connected', {
              op: 'append',
              table: schema.ref('connections'),
              query: connectionRows(added, param('started_at', 'timestamp')),
            }),
          ],
    messages: new Map(
      inputs.map((input) => [input.no, { key: input.definition.key, ...perChange(input) }] as const),
    ),
  };
}

const countsStep = (): Step => ({ id: 'outbox.counts', title: 'counting', op: 'read', query: counted() });

const NOTHING: Omit<OutboxSteps, 'counts'> = {
  ways: [],
  baseline: [],
  find: [],
  queue: [],
  entities: [],
  connect: [],
  messages: new Map(),
};

const ofWay = ({ definition, link }: OutboxInput, id: string, title: string, op: StepOp): Step => ({
  id: `outbox.${definition.key}.${link.destination.key}.${id}`,
  title: `${definition.key} → ${link.destination.key}: ${title}`,
  definition: definition.key,
  ...op,
});

/** Changes with what messages of some forms say of a profile. */
const ready = (schema: StateSchema, rows: Relation, forms: readonly Form[]): Relation =>
  withTraits(
    schema,
    withProfiles(schema, rows),
    forms.flatMap(({ along }) => along),
  );

/** Track messages that say what entered and exited, and one for what did of who stays. */
function entitySteps(input: OutboxInput): readonly Step[] {
  const { schema, no } = input;
  const told = entitiesTold(input);
  const message = messageOf(input, 'track');
  const kinds = scanSpec(KINDS);
  const own = filter(
    kinds,
    and(eq(c(kinds, WAY.name), int(no)), eq(c(kinds, 'message_type'), text('track'))),
  );
  const constants = pick(
    own,
    kinds.columns.map(({ name }) => name).filter((name) => name !== 'is_group'),
  );
  const forms = [formOf(message)];
  const beside = (rows: Relation): Relation =>
    join('inner', ready(schema, rows, forms), constants, [WAY.name]);
  const changed = ofNumber(CHANGES, no);
  const people = filter(changed, isOfSide('people', changed));
  const parts = [
    messageRows(withLists(beside(people), told), forms, { message, lists: told.lists }),
    ...DIRECTIONS.map((says) =>
      messageRows(beside(remaining(told.going(says), no)), forms, { message, lists: told.lists, says }),
    ),
  ];
  return [
    ...(input.link.withheld
      ? [ofWay(input, 'entities.taken_back', 'entities in messages taken back', forgetTakenBack(input))]
      : []),
    ofWay(input, 'entities', 'entities that entered or exited', entityChanges(input)),
    ofWay(input, 'messages', 'messages that tell of entities', {
      op: 'append',
      table: schema.ref('outbox'),
      query: pick(
        union(parts),
        STATE.outbox.map((column) => column.name),
      ),
    }),
    ...rememberEntities(input).map(({ id, op }) => ofWay(input, id, 'entities that it was told of', op)),
  ];
}

/** Rows of one way. */
function ofNumber(spec: typeof CHANGES, no: number): Relation {
  const rows = scanSpec(spec);
  return filter(rows, eq(c(rows, WAY.name), int(no)));
}

/** Messages beside what they are to tell of entities. */
function withLists(rows: Relation, { rows: told }: Told): Relation {
  const lists = told.columns.map(({ name }) => name).filter((name) => name !== 'profile_no');
  return join('left', rows, pick(told, lists), IDENTIFIER);
}

/** Of those to be told of entities who is told nothing else, beside what they were told last. */
function remaining(rows: Relation, no: number): Relation {
  const others = antiJoin(rows, ofNumber(CHANGES, no), IDENTIFIER);
  const last = pick(ofNumber(TOLD, no), [...IDENTIFIER, 'told', 'repeats']);
  const beside = join('left', others, last, IDENTIFIER);
  const kept = rows.columns.map(({ name }) => as(name, c(beside, name)));
  return project(beside, [
    ...kept,
    as(WAY.name, int(no)),
    as('value', call('coalesce', c(beside, 'told'), text('false'))),
    as('repeats', call('coalesce', c(beside, 'repeats'), int(0))),
  ]);
}
