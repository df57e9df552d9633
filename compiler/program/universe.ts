/**
 * The universe and current custom traits, kept from run to run. Both are made profile by profile, of the map of identifiers
 * and of identify messages up to `as_of`; so of a profile they say something else than the last run saw only if an
 * identifier of it came, changed or changed hands, if an identify message of it landed, or if the instant of one of these
 * has come since. Only such profiles are made again, each of all there is of it. Where that cannot be told, all are.
 */
import { sourceNeeds, withEmail, type BoundSource } from '../bind/index.js';
import { latestMentions } from '../bind/mentions.js';
import type { Needs, ValueColumn } from '../bind/types.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  filter,
  int,
  join,
  lit,
  or,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { differing } from './differing.js';
import { AS_OF, TOUCHED_PROFILES } from './identity.js';
import { customTraits, identifyFacts, scanSpec, temporary } from './names.js';
import type { Made } from './plan.js';
import { emailsOf, mentions, profilesOf } from './profiles.js';
import { PROFILES_MADE, STATE, type StateSchema } from './state.js';
import type { Step, StepOp, TableSpec } from './types.js';

export interface UniverseInput {
  readonly schema: StateSchema;
  readonly sources: readonly BoundSource[];
  readonly needs: Needs;
  /** There is a universe to compare with, kept as it is kept now: only rows that differ are written, so that readers can tell them. */
  readonly kept: boolean;
}

/** Whether the universe of the run before is as it is kept now. */
export const isKept = (columns: readonly string[] | undefined): boolean =>
  columns !== undefined && STATE.profiles.every(({ name }) => columns.includes(name));

const VALUES = STATE.profiles.filter(({ name }) => name !== 'run_no');
const KEY = temporary('', [{ name: 'profile_no', type: 'int' }]).columns;
const SEEN = temporary('profiles_now', VALUES);
const CHANGED = temporary('profiles_changed', KEY);
const DUE = temporary('profiles_due', KEY);
const SUBJECTS = temporary('subjects_due', STATE.subjects);

const step = (id: string, title: string, op: StepOp): Step => ({ id: `shared.${id}`, title, ...op });

const dropped = ({ table }: TableSpec): Step =>
  step(`drop.${table.name}`, 'done with it', { op: 'drop', table, object: 'table' });

/** Everyone who was seen by `as_of`, who is known, their first identifiers and their custom traits; all of it made anew. */
export function universeAnew({ schema, sources, needs, kept }: UniverseInput): readonly Step[] {
  const said = mentions(schema, sources, needs, withEmail(needs.traits));
  const now = profilesOf(schema.scan('subjects'), emailsOf(said));
  const spec = schema.spec('profiles');
  return [
    ...(kept
      ? [
          step('profiles.now', 'profiles', { op: 'replace', spec: SEEN, query: now }),
          ...replacing(schema, schema.scan('profiles')),
        ]
      : [step('profiles', 'profiles', { op: 'replace', spec, query: ofThisRun(now) })]),
    ...(needs.traits.length === 0
      ? []
      : [
          step('custom_traits', 'custom traits', {
            op: 'replace',
            spec: customTraits(schema, needs.traits),
            query: latest(said, needs.traits),
          }),
        ]),
    made(schema),
  ];
}

/**
 * The same for those profiles alone that may be other than the run before left them. Steps of identity have said whom they
 * touched (`TOUCHED_PROFILES`).
 */
export function universeSince(input: UniverseInput, since: Made): readonly Step[] {
  const { schema, sources, needs } = input;
  const due = scanSpec(DUE);
  const own = scanSpec(SUBJECTS);
  const columns = withEmail(needs.traits);
  const identifies = mentions(schema, sources, needs, columns);
  const said = temporary('identifies_due', identifies.columns);
  return [
    step('profiles.due', 'whom anything may have changed for', {
      op: 'replace',
      spec: DUE,
      query: pick(union(changes(input, since)), ['profile_no'], { distinct: true }),
    }),
    step('profiles.subjects', 'their identifiers', {
      op: 'replace',
      spec: SUBJECTS,
      query: semiJoin(schema.scan('subjects'), due, ['profile_no']),
    }),
    step('profiles.identifies', 'what they said of themselves', {
      op: 'replace',
      spec: said,
      query: semiJoin(identifies, due, ['profile_no']),
    }),
    step('profiles.now', 'profiles', {
      op: 'replace',
      spec: SEEN,
      query: profilesOf(own, emailsOf(scanSpec(said))),
    }),
    ...replacing(schema, semiJoin(schema.scan('profiles'), due, ['profile_no'])),
    ...(needs.traits.length === 0 ? [] : traitsOfDue(schema, needs.traits, scanSpec(said))),
    made(schema),
    ...[DUE, SUBJECTS, said].map(dropped),
  ];
}

function traitsOfDue(schema: StateSchema, columns: readonly ValueColumn[], said: Relation): readonly Step[] {
  const { table } = customTraits(schema, columns);
  return [
    step('custom_traits.forget', 'custom traits replaced', {
      op: 'delete',
      table,
      query: scanSpec(DUE),
      keys: ['profile_no'],
    }),
    step('custom_traits', 'custom traits', { op: 'append', table, query: latest(said, columns) }),
  ];
}

/** Latest mention of every trait path, for profiles that have any. */
const latest = (said: Relation, columns: readonly ValueColumn[]): Relation =>
  latestMentions(said, [{ name: 'profile_no', type: 'int' }], columns);

/**
 * Profiles (`profile_no`, perhaps several times) that may be other than they were: those touched by identity, of new
 * subjects, those of whom an instant has come, and those of new identify messages or of ones whose time has come.
 */
function changes({ schema, sources, needs }: UniverseInput, since: Made): readonly Relation[] {
  const subjects = schema.scan('subjects');
  // Who was first seen later than another of the profile was not of it, or that one was not there, before that instant.
  const instants = ['seen_at', 'device_at'];
  const columns = withEmail(needs.traits);
  const identifies = sources.flatMap((source) => {
    const { traits } = sourceNeeds(source, needs);
    if (!source.identifies(traits)) return [];
    const facts = scanSpec(identifyFacts(schema, source.name, traits));
    const mentioning = or(...columns.map(({ name }) => call('is_not_null', c(facts, name))));
    const landed = call('gt', c(facts, 'run_no'), int(since.runNo));
    // One by one, as engines find a range of rows better than either of two.
    return [landed, passed(c(facts, 'timestamp'), since)].map((part) => filter(facts, and(part, mentioning)));
  });
  return [
    scanSpec(TOUCHED_PROFILES),
    ...[
      filter(subjects, call('gt', c(subjects, 'subject_no'), int(since.lastSubjectNo))),
      ...instants.map((name) => filter(subjects, passed(c(subjects, name), since))),
      ...identifies,
    ].map((rows) => pick(rows, ['profile_no'])),
  ];
}

/** Whether `as_of` has come to an instant since. */
const passed = (value: Expr, { asOf }: Made): Expr =>
  and(call('ge', value, lit({ type: 'timestamp', value: asOf.toString() })), call('le', value, AS_OF));

/** Puts the profiles of `SEEN` in the place of those there were. */
function replacing(schema: StateSchema, before: Relation): readonly Step[] {
  const table = schema.ref('profiles');
  const seen = scanSpec(SEEN);
  const replaced = scanSpec(CHANGED);
  return [
    step('profiles.changed', 'profiles that changed', {
      op: 'replace',
      spec: CHANGED,
      query: changed(before, seen),
    }),
    step('profiles.forget', 'profiles replaced', {
      op: 'delete',
      table,
      query: replaced,
      keys: ['profile_no'],
    }),
    step('profiles', 'profiles stored', {
      op: 'append',
      table,
      query: ofThisRun(semiJoin(seen, replaced, ['profile_no'])),
    }),
    ...[SEEN, CHANGED].map(dropped),
  ];
}

const ofThisRun = (rows: Relation): Relation =>
  project(rows, [...VALUES.map(({ name }) => as(name, c(rows, name))), as('run_no', param('run_no', 'int'))]);

/** Profiles that are new, other than they were, or no more. */
function changed(before: Relation, now: Relation): Relation {
  const values = VALUES.map(({ name }) => name).filter((name) => name !== 'profile_no');
  const different = differing(now, before, ['profile_no'], values);
  const gone = antiJoin(before, now, ['profile_no']);
  return union([pick(different, ['profile_no']), pick(gone, ['profile_no'])]);
}

/** Remembers for which run and instant the universe was made, how large it is, and the last subject it knows (`readMade`). */
function made(schema: StateSchema): Step {
  const [profiles, subjects] = [schema.scan('profiles'), schema.scan('subjects')];
  const size = aggregate(profiles, [], [as('size', agg('count'))]);
  const last = call('coalesce', agg('max', [c(subjects, 'subject_no')]), int(0));
  const both = join('cross', size, aggregate(subjects, [], [as('last', last)]), []);
  const numbers = [
    param('run_no', 'int'),
    call('ts_micros', AS_OF),
    c(both, 'size'),
    c(both, 'last'),
  ].flatMap((number, i) => [...(i > 0 ? [text(' ')] : []), call('number_text', number)]);
  return step('made', 'for whom and when', {
    op: 'merge',
    table: schema.ref('meta'),
    query: project(both, [as('name', text(PROFILES_MADE)), as('value', call('concat', ...numbers))]),
    keys: ['name'],
    set: ['value'],
    insert: true,
  });
}
