/** What a run reads, with what of it changed since a definition was computed last. */
import { sourceNeeds, type BoundSource } from '../bind/index.js';
import type { Needs, ValueColumn } from '../bind/types.js';
import type { Asked, Crossing, Since, Tracking } from '../incremental/index.js';
import {
  and,
  antiJoin,
  c,
  call,
  eq,
  filter,
  int,
  join,
  label,
  lit,
  or,
  pick,
  semiJoin,
  union,
} from '../ir/build.js';
import type { Expr, Relation, TableRef } from '../ir/types.js';
import type { Provider } from '../lower/index.js';
import { AS_OF } from './identity.js';
import {
  AFFECTED,
  affectedBy,
  factsTable,
  identifyFacts,
  publishedRows,
  scanSpec,
  SELECTIVE,
  staged,
} from './names.js';
import type { RunProvider } from './provider.js';
import type { StateSchema } from './state.js';

/** How a definition that others refer to stands in a run. */
export interface Referred {
  readonly definitionNo: number;
  /** Computed in this run: for all profiles or for those affected. Absent: as it was published last. */
  readonly computing?: 'full' | 'incremental';
  /** The number of the run that computed it last, before this one; 0: none. */
  readonly lastRunNo: number;
}

export interface TrackedInput {
  readonly schema: StateSchema;
  readonly sources: readonly BoundSource[];
  /** What all definitions need: the columns facts have. */
  readonly needs: Needs;
  readonly tracking: Tracking;
  readonly referred: (key: string) => Referred;
}

/** The provider's relations as leaves whose changes are told; what is not among them has to be computed in full. */
export function trackedProvider(provider: RunProvider, input: TrackedInput): Provider {
  const { tracking } = input;
  trackProfiles(provider.universe, tracking);
  return {
    ...provider,
    events: (request) => {
      const { event, columns, excludeSources } = request;
      const rows = provider.events(request);
      return tracking.add(rows, {
        name: JSON.stringify(['events', event, columns.map((x) => x.name), excludeSources, sourcesOf(input)]),
        what: { kind: 'event', name: event, tables: eventTables(event, input) },
        key: 'profile_no',
        changed: (asked) => eventsChanged(provider.landedEvents(request), asked),
      });
    },
    customTraits: (columns) => traitsLeaf(provider.customTraits(columns), columns, input),
    trait: (key) => referredLeaf(key, 'trait', provider.trait(key), input),
    audience: (key) => referredLeaf(key, 'audience', provider.audience(key), input),
  };
}

/** Where the events of a name landed. */
const eventTables = (event: string, { schema, sources, needs }: TrackedInput): readonly TableRef[] =>
  sources.flatMap((source) =>
    sourceNeeds(source, needs)
      .events.filter((own) => own.event === event)
      .map(({ columns }) => factsTable(schema, source.name, event, columns).table),
  );

const sourcesOf = ({ sources }: TrackedInput): readonly string[] => sources.map(({ name }) => name);

/** Rows that were brought since, and those whose values an instant has passed since; the rest stands as it was. */
function eventsChanged(rows: Relation, { since, where, crossings }: Asked): readonly Relation[] {
  const parts = [call('gt', c(rows, 'run_no'), int(since.runNo)), ...crossings.map((x) => crossed(x, since))];
  // One by one, as engines find a range of rows better than either of two.
  return parts.map((part) => pick(filter(rows, and(part, where)), ['profile_no']));
}

/** Whether `as_of` has passed the value, moved by the offset: both ends count, whichever comparison it is. */
function crossed({ expr, offset }: Crossing, since: Since): Expr {
  const now = offset === 0n ? AS_OF : call('ts_add_micros', AS_OF, int(offset));
  return and(call('ge', expr, instant(since.asOf + offset)), call('le', expr, now));
}

const instant = (micros: bigint): Expr => lit({ type: 'timestamp', value: micros.toString() });

/**
 * Rows of `profiles` say which run saw them first as they are; one that is gone is among those moved. Every definition asks
 * who is known: those affected for any are looked up once for all of a batch.
 */
function trackProfiles(rows: Relation, tracking: Tracking): void {
  const names = rows.columns.map(({ name }) => name);
  const affected = label(join('inner', scanSpec(AFFECTED), rows, ['profile_no']), 'affected_profiles');
  tracking.add(rows, {
    name: 'profiles',
    what: { kind: 'profiles' },
    key: 'profile_no',
    changed: ({ since, crossings }) =>
      crossings.length > 0
        ? undefined
        : [pick(filter(rows, call('gt', c(rows, 'run_no'), int(since.runNo))), ['profile_no'])],
    within: ({ definitionNo }) =>
      pick(filter(affected, eq(c(affected, 'definition_no'), int(definitionNo))), names),
    ofAny: semiJoin(rows, pick(scanSpec(AFFECTED), ['profile_no']), ['profile_no']),
  });
}

/** Custom traits as of now: an identify message that mentions one, or whose time has come, may have changed it. */
function traitsLeaf(rows: Relation, columns: readonly ValueColumn[], input: TrackedInput): Relation {
  const changed = ({ since, crossings }: Asked): readonly Relation[] => {
    const messages = input.sources.flatMap((source) => {
      const { traits } = sourceNeeds(source, input.needs);
      if (!source.identifies(traits)) return [];
      const facts = scanSpec(identifyFacts(input.schema, source.name, traits));
      const mentioned = or(...columns.map(({ name }) => call('is_not_null', c(facts, name))));
      return eventsChanged(facts, {
        since,
        where: mentioned,
        crossings: [{ expr: c(facts, 'timestamp'), offset: 0n }],
      });
    });
    const passed = crossings.map((x) => pick(filter(rows, crossed(x, since)), ['profile_no']));
    return [...messages, ...passed];
  };
  const names = columns.map(({ name }) => name);
  const tables = input.sources.flatMap((source) => {
    const { traits } = sourceNeeds(source, input.needs);
    return source.identifies(traits) ? [identifyFacts(input.schema, source.name, traits).table] : [];
  });
  return input.tracking.add(rows, {
    name: JSON.stringify(['custom traits', names, sourcesOf(input)]),
    what: { kind: 'custom traits', name: [...new Set(columns.map(({ path }) => path))].join(', '), tables },
    key: 'profile_no',
    changed,
  });
}

/**
 * Another definition's members or values. Of one that this run computes for some profiles only, what it published of the
 * others stands; whether it does is known when the run has landed (`SELECTIVE`). What changed of it is the difference
 * between what it published and what it comes to now.
 */
function referredLeaf(
  key: string,
  shape: 'audience' | 'trait',
  asGiven: Relation,
  { schema, tracking, referred }: TrackedInput,
): Relation {
  const { definitionNo, computing, lastRunNo } = referred(key);
  const values = shape === 'trait' ? ['value', 'number_value', 'text_value'] : [];
  const before = publishedRows(schema, shape, int(definitionNo));
  const now = computing && staged(shape, int(definitionNo));
  const affected = affectedBy(definitionNo);
  const names = ['profile_no', ...values];
  const standing = antiJoin(semiJoin(before, scanSpec(SELECTIVE), ['definition_no']), affected, [
    'profile_no',
  ]);
  const rows =
    now && computing === 'incremental'
      ? union([pick(standing, names), pick(now, names)])
      : pick(asGiven, names);
  const scope = computing === 'incremental' ? semiJoin(before, affected, ['profile_no']) : before;
  return tracking.add(rows, {
    name: JSON.stringify([shape, definitionNo]),
    what: { kind: shape, name: key },
    key: 'profile_no',
    changed: ({ since, crossings }) => {
      if (crossings.length > 0) return undefined;
      // A run in between may have changed what this one no longer sees as a change.
      if (lastRunNo > since.runNo) return undefined;
      return now ? difference(scope, now, before, shape) : [];
    },
  });
}

/** Profiles whose row came, went or has another value. */
function difference(
  scope: Relation,
  now: Relation,
  before: Relation,
  shape: 'audience' | 'trait',
): readonly Relation[] {
  const gone = pick(antiJoin(scope, now, ['profile_no']), ['profile_no']);
  if (shape === 'audience') return [gone, pick(antiJoin(now, before, ['profile_no']), ['profile_no'])];
  const stored = pick(before, ['profile_no', ['value', 'old_value']]);
  const beside = join('left', pick(now, ['profile_no', 'value']), stored, ['profile_no']);
  const other = filter(beside, call('is_distinct', c(beside, 'value'), c(beside, 'old_value')));
  return [gone, pick(other, ['profile_no'])];
}

/** Profiles that facts came to or went from when identifiers changed hands, since a run. */
export function profilesMoved(schema: StateSchema, { runNo }: Since): Relation {
  const moves = schema.scan('reassignments');
  const runs = schema.scan('runs');
  const later = pick(filter(runs, call('gt', c(runs, 'run_no'), int(runNo))), ['run_id']);
  const recent = semiJoin(moves, later, ['run_id']);
  return union([
    pick(recent, [['from_profile_no', 'profile_no']]),
    pick(recent, [['to_profile_no', 'profile_no']]),
  ]);
}
