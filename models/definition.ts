import type { SourceSpan } from '../compiler/diagnostics/index.js';
import type { Condition, Duration, Rank, Split, TraitValue } from './algebra.js';
import type { Alert, Channel, NameRef } from './alerts.js';
import type { Journey, JourneyStep } from './journey.js';

/** Which event history a definition may use (SEMANTICS §5). */
export type History =
  { readonly mode: 'all' } | { readonly mode: 'from_first_run'; readonly before?: Duration };

export type MessageType = 'identify' | 'track' | 'group';

export interface DestinationLink {
  readonly to: string;
  /** Absent: what the destination itself says under `send`. */
  readonly send?: readonly MessageType[];
  /** Entities whose rows, as they enter and exit for a member, go out with track messages. */
  readonly entities?: readonly EntityLink[];
  /** Traits that go along with its messages, besides those the destination asks for. */
  readonly traits?: readonly TraitLink[];
  /** `false`: nothing goes this way until it is enabled again, and then what differs. */
  readonly enabled?: false;
}

/** A trait that goes along with messages, and what it is called there: an object, so that it has a place. */
export interface TraitLink {
  readonly trait: string;
  readonly as: string;
}

/** An entity that a link asks for: an object, so that it has a place. */
export interface EntityLink {
  readonly entity: string;
}

/** How far the size of a definition may move in one run; what moves it further is not published until someone accepts it. */
export interface Guard {
  readonly maxChangePercent: number;
  /** Sizes below it do not count: nothing is stopped where it has, and had, fewer. */
  readonly minSize?: number;
}

interface DefinitionBase {
  readonly key: string;
  readonly name: string;
  readonly description?: string;
  readonly of: 'users' | 'accounts';
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly includeAnonymous: boolean;
  readonly history: History;
  readonly destinations: readonly DestinationLink[];
  /** `false`: not even the project's. Absent: the project's, where it has one (see `guardOf`). */
  readonly guard?: Guard | false;
  /** Path relative to the project folder, with forward slashes. */
  readonly file: string;
  /** Set on what is published under a key of its own and computed with the definition of a file. */
  readonly output?: DefinitionOutput;
}

/**
 * A definition of a file has one published output, itself, or several: the columns of a query, each a trait. An
 * output is a definition of its own to everything that computes, publishes and reads; no file has its key.
 */
export interface DefinitionOutput {
  /** The definition of the file. */
  readonly of: Definition;
  /** What it is called there. */
  readonly name: string;
}

export interface AudienceDefinition extends DefinitionBase {
  readonly kind: 'audience';
  /** Who is in, with the definition's own rules and the project's applied. */
  readonly condition: Condition;
  /** What the definition says besides its condition; absent where it says nothing. */
  readonly rules?: MemberRules;
}

/** What a definition says of its members besides the condition. */
export interface MemberRules {
  /** The condition as it is written. */
  readonly body: Condition;
  /** Audiences whose members are not in; `false`: nor are the project's left out. */
  readonly exclude: readonly AudienceReference[] | false;
  /** Who is held out. */
  readonly holdout?: Split;
  /** Of those that are left the first; `among` is everything else. */
  readonly limit?: Rank;
}

export type AudienceReference = Extract<Condition, { kind: 'audience' }>;

export interface TraitDefinition extends DefinitionBase {
  readonly kind: 'trait';
  readonly value: TraitValue;
}

/** Those inside; what each of its steps holds is an output of it. */
export interface JourneyDefinition extends DefinitionBase {
  readonly kind: 'journey';
  readonly journey: Journey;
}

/** A step of a journey: an audience in everything but how its members are found. */
export interface JourneyStepDefinition extends DefinitionBase {
  readonly kind: 'journey_step';
  readonly step: JourneyStep;
  readonly output: DefinitionOutput & { readonly of: JourneyDefinition };
}

/** One definition file, parsed and normalised, with every default filled in; or an output of one. */
export type Definition = AudienceDefinition | TraitDefinition | JourneyDefinition | JourneyStepDefinition;

export type DefinitionKind = Definition['kind'];

/** What is published of a definition: members, or values. Of a kind that state names, too. */
export const shapeOf = (kind: string): 'audience' | 'trait' => (kind === 'trait' ? 'trait' : 'audience');

/** A kind in words, for messages. */
export const nounOf = (kind: string): string =>
  ({ audience: 'an audience', trait: 'a trait', journey: 'a journey', journey_step: 'a step of a journey' })[
    kind
  ] ?? `a ${kind}`;

/** The definition of the file that a definition is, or is an output of. */
export const ownerOf = (definition: Definition): Definition => definition.output?.of ?? definition;

/**
 * The guard of a definition: its own, else the project's. That of a journey is of those inside: what one of its steps holds
 * comes and goes with the people who pass.
 */
export function guardOf(
  { kind, guard }: Pick<Definition, 'kind' | 'guard'>,
  config: Pick<ProjectConfig, 'guard'>,
): Guard | undefined {
  if (kind === 'journey_step') return undefined;
  return (guard ?? config.guard) || undefined;
}

/**
 * What a definition sends to a destination (SEMANTICS §7): what the link says, else the destination, else identify
 * and track of users and group of accounts. Definitions of users have no group calls to send; of accounts, traits
 * have nothing else, because a user may belong to several accounts with different values.
 */
export function messageTypes(
  definition: Pick<Definition, 'kind' | 'of'>,
  link: Pick<DestinationLink, 'send'>,
  destination: Pick<Destination, 'send' | 'list'>,
): readonly MessageType[] {
  const { kind, of } = definition;
  if (destination.list) return listType(kind, link.send ?? destination.send);
  const asked = link.send ?? destination.send ?? (of === 'users' ? ['identify', 'track'] : ['group']);
  if (of === 'users') return asked.filter((type) => type !== 'group');
  return kind === 'trait' ? asked.filter((type) => type === 'group') : asked;
}

/** A list takes members, so no values, and of each one message: of accounts, too, those who are in are people. */
function listType(
  kind: DefinitionKind,
  asked: readonly MessageType[] = ['identify'],
): readonly MessageType[] {
  if (shapeOf(kind) === 'trait') return [];
  return asked.filter((type) => type !== 'group').slice(0, 1);
}

/** Definitions whose way to a destination is paused, by its key. */
export function pausedWays({
  definitions,
}: Pick<Project, 'definitions'>): ReadonlyMap<string, readonly string[]> {
  const paused = new Map<string, string[]>();
  for (const { key, destinations } of definitions)
    for (const { to, enabled } of destinations)
      if (enabled === false) paused.set(to, [...(paused.get(to) ?? []), key]);
  return paused;
}

/** What people are told by. */
export const RECEIVER_TYPES = ['user_id', 'anonymous_id', 'email', 'phone'] as const;

/** What is known of people by what they said of themselves. */
export const ADDRESS_TYPES = ['email', 'phone'] as const satisfies readonly (typeof RECEIVER_TYPES)[number][];

export type AddressType = (typeof ADDRESS_TYPES)[number];

/** The addresses that a destination tells people by. */
export const addressTypes = ({
  identifierTypes = [],
}: Pick<Destination, 'identifierTypes'>): readonly AddressType[] =>
  ADDRESS_TYPES.filter((type) => identifierTypes.includes(type));

export type ReceiverType = (typeof RECEIVER_TYPES)[number];

/** How a value is written before it is hashed, as ad platforms ask for it. */
export const NORMAL_FORMS = ['text', 'email', 'phone', 'phone_digits'] as const;

export interface Hashing {
  readonly as: (typeof NORMAL_FORMS)[number];
  /** The country calling code of numbers that have none. */
  readonly country?: string;
}

export interface Destination {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent: what suits a definition (see `messageTypes`). */
  readonly send?: readonly MessageType[];
  /** Audiences go as lists: a message a change and identifier, batches of one list and one direction. */
  readonly list?: boolean;
  /** Overrides of the track event names, e.g. `{ "audience_entered": "Joined" }`. */
  readonly events: {
    readonly audience_entered: string;
    readonly audience_exited: string;
    readonly trait_computed: string;
    readonly entity_entered: string;
    readonly entity_exited: string;
  };
  readonly identifiers: 'all' | 'first_added' | 'last_added';
  /** It takes messages no more often than that. */
  readonly every?: Duration;
  /** `false`: it is told of what changes after it was connected, whatever `history` of a definition says. */
  readonly backfill?: false;
  /** Categories that whoever it is told of has consented to, all of them. */
  readonly consent?: readonly NameRef[];
  /** Which types of identifiers are told; absent: users by `user_id`, others by `anonymous_id`. */
  readonly identifierTypes?: readonly ReceiverType[];
  /** Of each type at most so many, the first that were added; absent: as many as there are. */
  readonly identifiersAtMost?: number;
  /** Beside where messages have it, an identifier stands among the traits under this name. */
  readonly identifierNames?: Readonly<Partial<Record<ReceiverType, string>>>;
  /** Traits that go along with its messages (see `traitsAlong`). */
  readonly traits?: readonly TraitLink[];
  /** What is hashed on its way out, by name: a trait's, or `userId`, `anonymousId`. */
  readonly hash?: Readonly<Record<string, Hashing>>;
  readonly file: string;
}

export type SourceLayout = 'segment' | 'messages' | 'table';

export interface SourceConfig {
  readonly name: string;
  readonly layout: SourceLayout;
  /** `segment`: the schema that holds its tables. */
  readonly schema?: string;
  /** `messages` and `table`: the table, `schema.table` or `table`. */
  readonly table?: string;
  /** `table`: the event its rows are. */
  readonly event?: string;
  /** Overridden column names by standard name; `null` says the source has no such column. */
  readonly columns: Readonly<Record<string, string | null>>;
  /** How far before the last landed `received_at` a run looks again (SEMANTICS §3); default 3 days. */
  readonly overlap: Duration;
  /** How long after it landed a message may land again; absent: ever. */
  readonly redeliveredWithin?: Duration;
  /** `messages`: trait names known beforehand. */
  readonly traits: readonly string[];
}

/** How a target computes definitions: in full, for affected profiles wherever it can, or as a run finds cheaper. */
export type ComputeSetting = 'auto' | 'full' | 'incremental';

export interface TargetConfig {
  readonly type: string;
  readonly schema: string;
  readonly compute?: ComputeSetting;
  readonly [setting: string]: unknown;
}

/** What a column of an entity may identify a profile by; `group_id` is an account's. */
export type EntityIdentifier = 'user_id' | 'anonymous_id' | 'group_id';

/** A column named in rollcall.json: an object, so that it has a place there. */
export interface ColumnRef {
  readonly column: string;
}

/** Rows of a warehouse table, related to profiles or to other entities, for `entity` conditions. */
export interface EntityConfig {
  readonly name: string;
  readonly table: string;
  /** The column that identifies a row. */
  readonly id: ColumnRef;
  /** Identifier type to column: `{ "user_id": "customer_id" }`. */
  readonly profile: Readonly<Partial<Record<EntityIdentifier, ColumnRef>>>;
  /** Another entity's name to the columns that are equal. The graph of these has no circles. */
  readonly relations: Readonly<
    Record<string, readonly { readonly own: ColumnRef; readonly other: ColumnRef }[]>
  >;
  /** Property to the column that is not called so. */
  readonly columns: Readonly<Record<string, ColumnRef>>;
}

export interface ProjectConfig {
  readonly name: string;
  readonly target: string;
  readonly targets: Readonly<Record<string, TargetConfig>>;
  readonly sources: readonly SourceConfig[];
  readonly entities?: Readonly<Record<string, EntityConfig>>;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Audiences whose members are in no other audience. */
  readonly exclude?: readonly AudienceReference[];
  /** The guard of every definition that says nothing of its own. */
  readonly guard?: Guard;
  /** `false`: what goes nowhere, and nothing that goes anywhere reads, is not computed. */
  readonly computeUnconnected?: false;
  /** Those nobody is told of (see `withholding.ts`). */
  readonly suppress?: AudienceDefinition;
  /** Those who consent, by category. */
  readonly consent?: Readonly<Record<string, AudienceDefinition>>;
  readonly alerts?: readonly Alert[];
  /** How people are reached, by name. */
  readonly channels?: Readonly<Record<string, Channel>>;
}

/** A file of `macros/`: a template that queries call by its name. */
export interface MacroFile {
  readonly name: string;
  /** Path relative to the project folder, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

/** Everything read from a project folder. Usable only when `diagnostics` holds no error. */
export interface Project {
  /** Absolute folder. */
  readonly dir: string;
  readonly config: ProjectConfig;
  readonly definitions: readonly Definition[];
  readonly destinations: readonly Destination[];
  /** By name; absent where the project has none. */
  readonly macros?: readonly MacroFile[];
}

/**
 * Where things stand in their files. Keyed by node identity, so the trees stay plain data: conditions,
 * operands, reducers, comparisons, definitions, destinations, sources.
 */
export interface Spans {
  of(node: object): SourceSpan | undefined;
  /** A place inside the text a node holds (a query, a macro), by offsets in that text. */
  within?(node: object, start: number, end: number): SourceSpan | undefined;
}
