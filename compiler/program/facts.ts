/** Landed events into typed columns, a table an event; and identify messages. */
import { byText } from '../../models/order.js';
import { sourceNeeds, type BoundSource, type RowsOf } from '../bind/index.js';
import type { EventNeeds, Needs, ValueColumn } from '../bind/types.js';
import { as, c, call, extend, filter, int, join, oneRow, param, pick, text } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { eventsTogether, factsTable, groupFacts, identifyFacts, RUN_NO, scanSpec } from './names.js';
import { withIdentifier } from './pairs.js';
import { FACTS_MADE_BY, IDENTIFIER, type StateSchema } from './state.js';
import type { Step, TableSpec } from './types.js';

/** A table that facts of a source land in: of an event by its name, of `identify` or of `group`. */
interface Landing {
  readonly what: string;
  readonly spec: TableSpec;
}

/** The tables that the facts of a source are in. */
export function factsTables(schema: StateSchema, source: BoundSource, needs: Needs): readonly Landing[] {
  const { name } = source;
  const { events, traits, accounts } = sourceNeeds(source, needs);
  return [
    ...events.map(({ event, columns }) => ({
      what: event,
      spec: factsTable(schema, name, event, columns),
    })),
    ...(source.identifies(traits) ? [{ what: 'identify', spec: identifyFacts(schema, name, traits) }] : []),
    ...(accounts && source.groups(accounts)
      ? [{ what: 'group', spec: groupFacts(schema, name, accounts) }]
      : []),
  ];
}

interface FactsInput {
  readonly schema: StateSchema;
  readonly source: BoundSource;
  readonly needs: Needs;
  readonly rows: RowsOf;
  /** In place of the facts there are, or beside them. */
  readonly op: 'replace' | 'append';
  /** What was read together stays until the connection closes: in a landing of what is new it tells what that is. */
  readonly keep: boolean;
  /** Events of one table are read in one pass, however little they have in common: a pass costs more than nulls. */
  readonly allTogether: boolean;
}

/** Every event's and the identify messages' facts of the rows given. */
export function factsSteps(input: FactsInput): readonly Step[] {
  const { schema, source, needs, rows } = input;
  const apart: EventNeeds[] = [];
  const steps: Step[] = [];
  for (const [i, group] of groupsOf(
    needs.events.filter(({ event }) => source.sharesTable(event)),
    input.allTogether ? Infinity : SPARE_COLUMNS,
  ).entries()) {
    if (group.length === 1) apart.push(...group);
    else steps.push(...togetherSteps(input, group, i));
  }
  for (const needed of [...apart, ...needs.events.filter(({ event }) => !source.sharesTable(event))]) {
    const events = source.events(needed.event, needed.columns, rows);
    const spec = factsTable(schema, source.name, needed.event, needed.columns);
    if (events) steps.push(factsStep(input, needed.event, spec, withSubjects(schema, events)));
  }
  const identifies = source.identifies(needs.traits, rows);
  const spec = identifyFacts(schema, source.name, needs.traits);
  if (identifies) steps.push(factsStep(input, 'identify', spec, withSubjects(schema, identifies)));
  const groups = needs.accounts && source.groups(needs.accounts, rows);
  if (needs.accounts && groups) {
    const own = groupFacts(schema, source.name, needs.accounts);
    // An account exists through a call that names nobody, too.
    steps.push(factsStep(input, 'group', own, withSubjects(schema, groups, 'left')));
  }
  return steps;
}

/** Columns that a row of an event may carry for the sake of others it is read with, where nulls cost something. */
const SPARE_COLUMNS = 4;

/** Events to read in one pass: few columns that one of them does not need. */
function groupsOf(events: readonly EventNeeds[], most: number): readonly (readonly EventNeeds[])[] {
  const groups: { events: EventNeeds[]; columns: Set<string>; fewest: number }[] = [];
  for (const needed of events) {
    const own = needed.columns.map(({ name }) => name);
    const fits = groups.find(({ columns, fewest }) => {
      const all = new Set([...columns, ...own]).size;
      return all - Math.min(fewest, own.length) <= most;
    });
    if (fits) {
      fits.events.push(needed);
      for (const name of own) fits.columns.add(name);
      fits.fewest = Math.min(fits.fewest, own.length);
    } else groups.push({ events: [needed], columns: new Set(own), fewest: own.length });
  }
  return groups.map((group) => group.events);
}

/**
 * Events of one table: its rows are read, and found their subjects, once for all of them, into a table in order of
 * the events.
 */
function togetherSteps(input: FactsInput, group: readonly EventNeeds[], index: number): readonly Step[] {
  const { schema, source } = input;
  const columns = [
    ...new Map(group.flatMap((needed) => needed.columns).map((x) => [x.name, x])).values(),
  ].sort(byText(({ name }: ValueColumn) => name));
  const all = eventsTogether(source.name, index, columns);
  const read: Step = {
    id: `land.${source.name}.events${index === 0 ? '' : index + 1}`,
    title: `${source.name}: events with whom they are about`,
    op: 'replace',
    spec: all,
    query: conformed(all, withSubjects(schema, source.eventsTogether(group, input.rows))),
  };
  const facts = group.map(({ event, columns: own }, no) => {
    const rows = scanSpec(all);
    const wanted = filter(rows, call('eq', c(rows, 'event_no'), int(no)));
    return factsStep(input, event, factsTable(schema, source.name, event, own), wanted);
  });
  const drop: Step = {
    id: `${read.id}.drop`,
    title: `${source.name}: events are in their places`,
    op: 'drop',
    table: all.table,
    object: 'table',
  };
  return [read, ...facts, ...(input.keep ? [] : [drop])];
}

function factsStep({ source, op }: FactsInput, name: string, spec: TableSpec, rows: Relation): Step {
  const step = { id: `land.${source.name}.facts.${name}`, title: `${source.name}: facts of ${name}` };
  const query = conformed(spec, extend(rows, [as(RUN_NO.name, param('run_no', 'int'))]));
  return op === 'replace' ? { ...step, op, spec, query } : { ...step, op, table: spec.table, query };
}

const conformed = (spec: TableSpec, rows: Relation): Relation =>
  pick(
    rows,
    spec.columns.map((column) => column.name),
  );

function withSubjects(schema: StateSchema, events: Relation, how: 'inner' | 'left' = 'inner'): Relation {
  // All have an id: they are messages, each once.
  const counted = filter(events, call('is_not_null', c(events, 'timestamp')));
  const subjects = pick(schema.scan('subjects'), ['subject_no', 'profile_no', ...IDENTIFIER]);
  return join(how, withIdentifier(counted), subjects, IDENTIFIER);
}

/** Remembers that facts were made anew, so that what changed of them cannot be told from what was there. */
export const factsMadeAnew = (schema: StateSchema, id: string): Step => ({
  id,
  title: 'facts are made anew',
  op: 'merge',
  table: schema.ref('meta'),
  query: oneRow([as('name', text(FACTS_MADE_BY)), as('value', call('number_text', param('run_no', 'int')))]),
  keys: ['name'],
  set: ['value'],
  insert: true,
});
