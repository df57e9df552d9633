/** Puts a run's program together from its parts. */
import { landingFingerprint, type BoundSource } from '../bind/index.js';
import type { Entities } from '../bind/entity.js';
import type { EntityNeeds, Needs } from '../bind/types.js';
import { shapeOf, type Definition, type Project } from '../../models/definition.js';
import { as, oneRow, text, union, values } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { accountSteps } from './accounts.js';
import { ADDRESSES, addressSteps } from './addresses.js';
import { factsDigests } from './drift.js';
import { ensureSteps } from './ensure.js';
import { entitySteps } from './entities.js';
import { ENTITY_STAGE_COLUMNS, entityStageStep, stageEntities } from './entity-state.js';
import { identityByTime, identitySteps } from './identity.js';
import { factsMadeAnew, factsTables } from './facts.js';
import { landSource, type LandingCapabilities } from './landing.js';
import { keepsAddresses, linksOf, type AlongByDestination } from './links.js';
import { AFFECTED, CUSTOM_TRAITS, customTraits, RUN_NO, scanSpec, STAGE, touchedPairs } from './names.js';
import { sidesOf } from './pairs.js';
import type {
  DefinitionPlan,
  ExistingState,
  Made,
  QueryChecks,
  RunProgram,
  SourceLanding,
  Staged,
} from './plan.js';
import { publishSteps, removeSteps } from './publish.js';
import { LAYOUT_VERSION, StateSchema } from './state.js';
import type { Step, TableSpec } from './types.js';
import { isKept, universeAnew, universeSince } from './universe.js';

/** A definition to compute, with the query that fills its stage table. */
export interface ComputedDefinition {
  readonly definition: Definition;
  readonly fingerprint: string;
  readonly dependsOn: readonly string[];
  readonly definitionNo: number;
  readonly along?: AlongByDestination;
  /** What has to be there before its own rows, or those of its outputs, can be computed. */
  readonly prepare?: readonly Step[];
  readonly checks?: QueryChecks;
  /** Rows of entities that its links ask for (see `lowerMatches`), of members and others. */
  readonly matches?: Relation;
  /** Absent where it has no rows of its own. Columns AUDIENCE_STAGE or TRAIT_STAGE. */
  readonly query?: Relation;
  readonly mode?: Omit<Staged, 'shape' | 'rows'>;
}

export interface RunInput {
  /** Where state lives. */
  readonly schema: string;
  readonly project: Project;
  readonly sources: readonly BoundSource[];
  /**
   * What all definitions of the project need, not only those selected: otherwise every other selection would
   * land the sources anew.
   */
  readonly needs: Needs;
  readonly entities: Entities;
  /** What those to compute need of entities. */
  readonly entityNeeds: readonly EntityNeeds[];
  /** Those to compute, in order. */
  readonly definitions: readonly ComputedDefinition[];
  readonly existing: ExistingState;
  /** Keys in the warehouse that the project has no more. */
  readonly removed: readonly string[];
  /** Read every source whole, whatever `received_at` says. */
  readonly reconcile: boolean;
  /** Make the facts of every source anew. */
  readonly anew: boolean;
  /** When the universe was made, where it is enough to bring that to this run's instant. */
  readonly made?: Made;
  /** Sources landed just before, by a run of the same process: none is looked at that has all that is needed of it. */
  readonly landed?: boolean;
  /** Definitions are computed in full where that is cheaper (`RunProgram.choosing`). */
  readonly choosing: boolean;
  /** The key of a destination that is told everything again. */
  readonly resend?: string;
  /** Nobody is told anything. */
  readonly silent?: boolean;
  readonly capabilities: LandingCapabilities;
}

interface Context extends Omit<RunInput, 'schema'> {
  readonly schema: StateSchema;
}

/** The program of one run. */
export function buildRun(asked: RunInput): RunProgram {
  const input: Context = { ...asked, schema: new StateSchema(asked.schema) };
  const { schema, sources, needs, existing } = input;
  const audiences = input.project.definitions.filter(({ kind }) => kind !== 'trait').map(({ key }) => key);
  const landing = input.landed ? sources.filter((source) => lacking(input, source) !== undefined) : sources;
  const land = landing.map((source) => landingOf(input, source));
  // A source that lands in full makes its facts anew, owners included.
  const anew = new Set(land.filter(({ mode }) => mode === 'full').map((plan) => plan.source));
  const standing = sources.flatMap((source) => (anew.has(source.name) ? [] : factsOf(input, source)));
  const forgotten = forgetSteps(input);
  const withEntities =
    existing.entityConnections.size > 0 || input.definitions.some(({ matches }) => matches !== undefined);
  const partial =
    forgotten.length === 0 && land.length > 0 && land.every(({ mode }) => mode === 'incremental');
  const touched = partial
    ? { touched: union(landing.map(({ name }) => sidesOf(scanSpec(touchedPairs(name))))) }
    : {};
  const unmoved = input.landed === true && land.length === 0 && forgotten.length === 0;
  const of = { schema, facts: standing };
  const identity = unmoved ? identityByTime(of) : identitySteps({ ...of, ...touched });
  const universe = { schema, sources, needs, kept: isKept(existing.tables.get('profiles')) };
  const shared = (first: readonly Step[]): readonly Step[] => [
    ...first,
    ...accountSteps(schema, sources, needs),
    ...entitySteps(schema, input.entities, input.entityNeeds),
    ...(keepsAddresses(input) ? addressSteps(schema, sources, needs, existing.tables.has(ADDRESSES)) : []),
    ...pruneSteps(input),
    ...stageSteps(),
    ...(withEntities ? [noEntities()] : []),
  ];
  const sharedAnew = shared(universeAnew(universe));
  return {
    ensure: ensureSteps(schema, audiences, existing),
    land,
    identity: { ...identity, find: [...forgotten, ...identity.find] },
    ...(partial && { identityByTime: identityByTime(of) }),
    shared:
      input.made && (partial || unmoved) && universeStands(input)
        ? shared(universeSince(universe, input.made))
        : sharedAnew,
    sharedAnew,
    definitions: input.definitions.map((computed) => definitionPlan(input, computed)),
    ...(input.choosing && { choosing: { profiles: schema.scan('profiles') } }),
    publish: publishSteps(schema, withEntities, input.anew || input.reconcile),
    ...(input.reconcile && {
      digests: {
        id: 'reconcile.facts',
        title: 'what facts come to',
        op: 'read' as const,
        query: factsDigests(schema, sources, needs),
      },
    }),
    removed: input.removed.flatMap((key) => {
      const stored = existing.definitions.get(key);
      return stored ? [{ key, publish: removeSteps(schema, key, stored.definitionNo) }] : [];
    }),
  };
}

/** Whether the tables that hold the universe have all that is kept in them. */
function universeStands({ schema, needs, existing }: Context): boolean {
  const { table, columns } = customTraits(schema, needs.traits);
  const traits = existing.tables.get(table.name);
  return (
    isKept(existing.tables.get('profiles')) &&
    (needs.traits.length === 0 || columns.every(({ name }) => traits?.includes(name)))
  );
}

/** Drops facts that no definition needs any more. Nothing else in the schema has their columns and such a name. */
function pruneSteps(input: Context): readonly Step[] {
  const { schema, sources, existing } = input;
  const needed = new Set(sources.flatMap((source) => factsOf(input, source)).map(({ table }) => table.name));
  const isFacts = (name: string, columns: readonly string[]): boolean =>
    /^facts_.+_[0-9a-f]{8}$/.test(name) &&
    ['subject_no', 'profile_no', 'timestamp', RUN_NO.name].every((column) => columns.includes(column));
  const isTraits = (name: string): boolean => name === CUSTOM_TRAITS && input.needs.traits.length === 0;
  return [...existing.tables]
    .filter(([name, columns]) => (isFacts(name, columns) ? !needed.has(name) : isTraits(name)))
    .map(([name]) => ({
      id: `prune.${name}`,
      title: `${name}: needed no more`,
      op: 'drop',
      table: schema.ref(name),
      object: 'table',
    }));
}

/** The facts tables a source's needs come to. */
const factsOf = ({ schema, needs }: Context, source: BoundSource): readonly TableSpec[] =>
  factsTables(schema, source, needs).map(({ spec }) => spec);

function landingOf(input: Context, source: BoundSource): SourceLanding {
  const { schema, needs, existing } = input;
  const fingerprint = landingFingerprint(source, needs, LAYOUT_VERSION);
  const because = fullBecause(input, source, fingerprint);
  return landSource({
    schema,
    source,
    needs,
    fingerprint,
    capabilities: input.capabilities,
    ...(because === undefined ? {} : { fullBecause: because }),
    ...(existing.forgotten && { forgotten: existing.forgotten }),
    alone: input.sources.length === 1 && [...existing.landings.keys()].every((name) => name === source.name),
  });
}

/** Why a source has to land in full. */
function fullBecause(input: Context, source: BoundSource, fingerprint: string): string | undefined {
  const { needs, existing } = input;
  const tables = source.tables(needs.events.map(({ event }) => event));
  if (tables.some((table) => !table.hasReceivedAt)) return 'it has no received_at';
  if (existing.landings.has(source.name)) {
    if (existing.rebuilt?.some((table) => table === 'landed' || table === 'identity_pairs'))
      return 'what is kept of what landed is not all there';
    if (input.anew) return 'a full refresh was asked for';
    if (input.reconcile) return 'everything is compared again';
  }
  const lacks = lacking(input, source, fingerprint);
  if (lacks !== undefined) return lacks;
  if (existing.landings.get(source.name)?.watermark === null) return 'nothing landed before';
  return undefined;
}

/** What of a source's state is not there, or was made for other needs. */
function lacking(
  input: Context,
  source: BoundSource,
  fingerprint = landingFingerprint(source, input.needs, LAYOUT_VERSION),
): string | undefined {
  const { existing } = input;
  const stored = existing.landings.get(source.name);
  if (!stored) return 'it lands for the first time';
  if (stored.fingerprint !== fingerprint) return 'its configuration, or what is needed of it, changed';
  const isThere = (spec: TableSpec): boolean => {
    const columns = existing.tables.get(spec.table.name);
    return columns !== undefined && spec.columns.every(({ name }) => columns.includes(name));
  };
  if (!factsOf(input, source).every(isThere)) return 'its facts are not all there';
  return undefined;
}

/** Takes out what sources brought that the project has no more. */
function forgetSteps({ schema, sources, existing }: Context): readonly Step[] {
  const configured = new Set(sources.map((source) => source.name));
  const gone = [...existing.landings.keys()].filter((name) => !configured.has(name));
  const steps = gone.flatMap((name) =>
    (['identity_pairs', 'landed', 'trait_names', 'account_trait_names', 'landing'] as const).map(
      (table): Step => ({
        id: `land.${name}.forget.${table}`,
        title: `${name}: no longer a source`,
        op: 'delete',
        table: schema.ref(table),
        query: oneRow([as('source', text(name))]),
        keys: ['source'],
      }),
    ),
  );
  return gone.length === 0 ? [] : [...steps, factsMadeAnew(schema, 'land.forget.anew')];
}

function definitionPlan(input: Context, computed: ComputedDefinition): DefinitionPlan {
  const namespace = input.project.config.name;
  const { definition, definitionNo, query, matches, prepare = [] } = computed;
  const { key, kind } = definition;
  return {
    definition,
    fingerprint: computed.fingerprint,
    dependsOn: computed.dependsOn,
    definitionNo,
    prepare,
    ...(computed.checks && { checks: computed.checks }),
    ...(query && { staged: { shape: shapeOf(kind), rows: query, ...computed.mode } }),
    after: query && matches ? [stageEntities(key, definitionNo, matches)] : [],
    ways:
      query && !input.silent
        ? linksOf(input, computed).map((link) => ({ definition, definitionNo, namespace, link }))
        : [],
  };
}

/** An empty stage. */
export const stageSteps = (): readonly Step[] =>
  [...Object.values(STAGE), AFFECTED].map((spec) => ({
    id: `stage.${spec.table.name}`,
    title: 'an empty stage',
    op: 'replace',
    spec,
    query: values(spec.columns, []),
  }));

/** An empty stage of entities. */
export const noEntities = (): Step => entityStageStep(values(ENTITY_STAGE_COLUMNS, []));
