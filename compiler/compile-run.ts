import { entitiesAsked } from '../models/matches.js';
import type { Diagnostic } from './diagnostics/index.js';
import { CompilerBug, hasErrors } from './diagnostics/index.js';
import { parseInstant } from '../models/instant.js';
import { ownerOf, type ComputeSetting, type Definition } from '../models/definition.js';
import { upstreamOf } from '../models/upstream.js';
import { withholdingKeys } from '../models/withholding.js';
import { mentionOf } from './bind/paths.js';
import type { Level } from './bind/types.js';
import { values } from './ir/build.js';
import type { Expr } from './ir/types.js';
import type { Read } from './incremental/index.js';
import { Modes } from './modes.js';
import { instantLiteral } from './lower/compare.js';
import { lowerDefinition, lowerMatches, queryRows, type Provider, type TraitTarget } from './lower/index.js';
import type { LinkTraits, TraitAlong, TraitPlace } from './program/outbox-link.js';
import { AS_OF } from './program/identity.js';
import type { LandingCapabilities } from './program/landing.js';
import { queryChecks, queryStep } from './program/queries.js';
import { buildRun, type ComputedDefinition } from './program/run.js';
import type { Step } from './program/types.js';
import {
  TRAIT_STAGE,
  type ExistingState,
  type IdentitySteps,
  type Made,
  type RunProgram,
} from './program/plan.js';
import { runProvider } from './program/provider.js';
import { StateSchema } from './program/state.js';
import { definitionsAlong, type Along, type AlongLinks } from './resolve/along.js';
import { unionNeeds } from './resolve/needs.js';
import { rewrite } from './rewrite/index.js';
import type { Remembered } from './standalone/index.js';
import type { ResolvedDefinition, ResolvedProject } from './resolve/types.js';

export interface CompileRunInput {
  readonly resolved: ResolvedProject;
  readonly existing: ExistingState;
  /** Keys to compute. */
  readonly selection: ReadonlySet<string>;
  /** Definition numbers, by key, of all that is selected. */
  readonly numbers: ReadonlyMap<string, number>;
  /** No selection was given: keys gone from the project are removed. */
  readonly all: boolean;
  /** The run's `as_of`, ISO; absent where nothing is run. */
  readonly asOf?: string;
  /** Read every source whole, to find rows that turned up with an old `received_at`. */
  readonly reconcile?: boolean;
  /** Compute in full, whatever is known: these, or everything, of facts made anew. */
  readonly refresh?: 'everything' | ReadonlySet<string>;
  /** Sources landed just before: none is looked at for what is new. */
  readonly landed?: boolean;
  /** The key of a destination that is told everything again. */
  readonly resend?: string;
  /** Nobody is told anything, so it need not be known whom what is kept from. */
  readonly silent?: boolean;
  /** Of the engine it is for. */
  readonly capabilities: LandingCapabilities;
}

/**
 * The program of one run. Disabled definitions are not computed. A reference outside the selection is read as
 * last published; one never computed is an error (SEMANTICS §5).
 */
export function compileRun(input: CompileRunInput): {
  readonly program?: RunProgram;
  /** What a definition of the program reads, as far as that is understood. */
  readonly reads?: (key: string) => readonly Read[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const { resolved, existing } = input;
  const { project } = resolved;
  const computed = resolved.definitions.filter(
    (d) => d.definition.enabled && input.selection.has(d.definition.key),
  );
  const computing = new Map(
    computed.map(({ definition: { key } }) => [key, numberOf(input.numbers, key)] as const),
  );
  const published = publishedNumbers(existing);
  const along = (d: ResolvedDefinition): AlongLinks =>
    input.silent ? NOTHING_ALONG : sentAlong(d, resolved);
  const diagnostics = computed.flatMap((d) => neverComputed(d, along(d), resolved, computing, published));
  if (hasErrors(diagnostics)) return { diagnostics };

  const schema = schemaOf(resolved);
  const entityNeeds = unionNeeds(computed.map((d) => d.needs)).entities ?? [];
  const { sources, entities, queries, needs } = resolved;
  const provider = runProvider({
    schema,
    sources,
    needs,
    entities,
    entityNeeds,
    computing,
    published,
    queries,
  });
  const modes = new Modes({
    schema: new StateSchema(schema),
    sources,
    needs,
    provider,
    computing,
    published,
    existing,
    asOf: input.asOf,
    refreshed: input.refresh ?? new Set(),
    full: computeSetting(resolved) === 'full',
  });
  const first = withholdingFirst(resolved, existing);
  const definitions = computed.map((d) => ({
    definition: d.definition,
    fingerprint: d.fingerprint,
    dependsOn: [...new Set([...d.upstream, ...first.of(d)])].filter((key) => computing.has(key)),
    definitionNo: numberOf(input.numbers, d.definition.key),
    along: placesAlong(along(d), (key) => computing.get(key) ?? numberOf(published, key)),
    ...ownQuery(d, resolved, modes.provider),
    ...ownRows(d, resolved, existing, modes, input.asOf),
  }));
  const keys = new Set(project.definitions.map((d) => d.key));
  const gone = [...existing.definitions.values()].filter((d) => !keys.has(d.key) && d.retiredAt === null);
  const removed = input.all ? gone.map((d) => d.key) : [];
  const program = buildRun({
    schema,
    project,
    sources,
    needs,
    entities,
    entityNeeds,
    definitions,
    removed,
    existing,
    reconcile: input.reconcile ?? false,
    anew: input.refresh === 'everything',
    ...madeBefore(input),
    landed: input.landed ?? false,
    choosing: computeSetting(resolved) === 'auto',
    capabilities: input.capabilities,
    ...(input.resend !== undefined && { resend: input.resend }),
    ...(input.silent !== undefined && { silent: input.silent }),
  });
  return { program: pruned(program), reads: (key) => modes.reads(key), diagnostics };
}

/** When the universe was made, where what is made of it now is for a later instant. */
function madeBefore({ existing: { made }, asOf }: CompileRunInput): { readonly made?: Made } {
  const now = asOf === undefined ? undefined : parseInstant(asOf);
  return made && now !== undefined && now >= made.asOf ? { made } : {};
}

/**
 * What has to be known before anything goes out: who is suppressed, and who consents. Once that was published, a run in which
 * it fails goes by what was published last; before, a definition that goes somewhere cannot do without.
 */
function withholdingFirst(
  { project, byKey }: ResolvedProject,
  existing: ExistingState,
): { readonly of: (one: ResolvedDefinition) => readonly string[] } {
  const keys = withholdingKeys(project.config);
  const unknown = keys.filter((key) => existing.definitions.get(key)?.firstRunAt == null);
  const before = upstreamOf(keys, (key) => byKey.get(key)?.upstream ?? []);
  return {
    of: ({ definition: { key, destinations } }) =>
      destinations.length === 0 || before.has(key) ? [] : unknown,
  };
}

const NOTHING_ALONG: AlongLinks = new Map();

/** What goes along on links on which anything goes now. */
const sentAlong = ({ definition, along }: ResolvedDefinition, { project }: ResolvedProject): AlongLinks =>
  new Map(
    [...along].filter(
      ([to]) =>
        project.destinations.some(({ key, enabled }) => key === to && enabled) &&
        definition.destinations.some((link) => link.to === to && link.enabled !== false),
    ),
  );

/** Where traits that go along with messages are, by destination. */
function placesAlong(links: AlongLinks, number: (key: string) => number): ReadonlyMap<string, LinkTraits> {
  const place = (target: TraitTarget, of: Level): TraitPlace => {
    if (target.kind === 'custom') return { kind: 'custom', of, column: mentionOf(target.path) };
    const { key } = target;
    const definitionNo = number(key);
    return target.kind === 'computed'
      ? { kind: 'values', key, definitionNo, zero: target.zero }
      : { kind: 'members', key, definitionNo, lifted: target.of !== of };
  };
  const placed = (all: readonly Along[], of: Level): readonly TraitAlong[] =>
    all.map(({ as, target }) => ({ as, from: place(target, of) }));
  return new Map(
    [...links].map(([to, { users, accounts }]) => [
      to,
      { people: placed(users, 'users'), accounts: placed(accounts, 'accounts') },
    ]),
  );
}

/** The query of a SQL trait, computed once for all it publishes. */
function ownQuery(
  { definition }: ResolvedDefinition,
  { queries, definition: referred }: ResolvedProject,
  provider: Provider,
): Pick<ComputedDefinition, 'prepare' | 'checks'> {
  const bound = definition.output ? undefined : queries.get(definition.key);
  if (!bound) return {};
  return {
    prepare: [queryStep(bound, queryRows(bound, provider, referred))],
    checks: queryChecks(bound, provider),
  };
}

/** What a definition publishes under its own key. */
function ownRows(
  { definition, outputs }: ResolvedDefinition,
  { resolveTrait }: ResolvedProject,
  existing: ExistingState,
  modes: Modes,
  asOf: string | undefined,
): Pick<ComputedDefinition, 'query' | 'matches' | 'mode'> {
  const { key } = definition;
  const firstRunAt = (): Expr => firstRun(definition, existing, asOf);
  if (outputs.includes(key)) {
    const asked = entitiesAsked(definition);
    const provider = { ...modes.provider, firstRunAt };
    const query = lowerDefinition(definition, provider, resolveTrait);
    return {
      query,
      mode: modes.of(definition, query, asked.length > 0),
      ...(asked.length > 0 && { matches: lowerMatches(definition, asked, provider, resolveTrait) }),
    };
  }
  // It had a column of its own key before: that trait has vanished.
  return existing.definitions.get(key)?.reducer === 'sql' ? { query: values(TRAIT_STAGE, []) } : {};
}

/** Landing and identity read wide tables for many purposes: each statement names only what it uses. */
function pruned(program: RunProgram): RunProgram {
  const all = (steps: readonly Step[]): readonly Step[] => steps.map(prunedStep);
  const land = program.land.map((source) => ({
    ...source,
    prepare: all(source.prepare),
    incremental: all(source.incremental),
    full: all(source.full),
    factsIncremental: all(source.factsIncremental),
    factsFull: all(source.factsFull),
  }));
  const { shared, sharedAnew } = program;
  const identity = ({ find, moved, handOver, done }: IdentitySteps): IdentitySteps => ({
    find: all(find),
    moved: prunedStep(moved),
    handOver: all(handOver),
    done,
  });
  const anew = all(sharedAnew);
  return {
    ...program,
    land,
    identity: identity(program.identity),
    ...(program.identityByTime && { identityByTime: identity(program.identityByTime) }),
    shared: shared === sharedAnew ? anew : all(shared),
    sharedAnew: anew,
  };
}

const prunedStep = (step: Step): Step =>
  'query' in step && step.query ? { ...step, query: rewrite(step.query) } : step;

function numberOf(numbers: ReadonlyMap<string, number>, key: string): number {
  const no = numbers.get(key);
  if (no === undefined) throw new CompilerBug(`definition ${key} has no number`);
  return no;
}

/** What the target says of computing. */
const computeSetting = ({ project: { config } }: ResolvedProject): ComputeSetting =>
  config.targets[config.target]?.compute ?? 'auto';

const schemaOf = ({ project: { config } }: ResolvedProject): string =>
  config.targets[config.target]?.schema ?? 'rollcall';

/** What the warehouse remembers of journeys, for SELECTs that stand alone. */
export const rememberedOf = (resolved: ResolvedProject, existing: ExistingState): Remembered => ({
  schema: schemaOf(resolved),
  published: publishedNumbers(existing),
  ...(existing.forgotten && { forgotten: existing.forgotten }),
});

/** A definition that never ran counts this run as its first; of an output the definition of the file counts. */
function firstRun(definition: Definition, { definitions }: ExistingState, asOf: string | undefined): Expr {
  const known = definitions.get(ownerOf(definition).key)?.firstRunAt ?? asOf;
  return known === undefined ? AS_OF : instantLiteral(known);
}

/** Numbers of the definitions that have published something. */
function publishedNumbers(existing: ExistingState): ReadonlyMap<string, number> {
  const live = [...existing.definitions.values()].filter(
    (d) => d.firstRunAt !== null && d.retiredAt === null,
  );
  return new Map(live.map((d) => [d.key, d.definitionNo]));
}

function neverComputed(
  { definition, upstream }: ResolvedDefinition,
  along: AlongLinks,
  resolved: ResolvedProject,
  computing: ReadonlyMap<string, number>,
  published: ReadonlyMap<string, number>,
): readonly Diagnostic[] {
  const read = new Set([...upstream, ...definitionsAlong(along)]);
  const missing = [...read].filter((key) => !computing.has(key) && !published.has(key));
  return missing.map((key) => {
    const enabled = resolved.byKey.get(key)?.definition.enabled ?? false;
    return {
      code: 'never-computed',
      severity: 'error',
      message: `"${definition.key}" ${upstream.has(key) ? `reads "${key}"` : `sends "${key}" along`}, which was never computed${enabled ? ' and is not selected' : ' and is disabled'}`,
      hint: enabled ? `select +${definition.key} to compute what it reads too` : `enable "${key}" and run it`,
      definition: definition.key,
    };
  });
}
