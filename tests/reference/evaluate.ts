/**
 * The reference evaluator: what a set of definitions means over a set of messages at one instant, computed the
 * plainest way there is. It is written from the contract alone and shares no code with the product; wherever the
 * two disagree, one of them is wrong.
 */
import { accountsOf, type Account } from './accounts.js';
import { holds, operatorOf } from './compare.js';
import { Decimal } from './decimal.js';
import { excludedFrom, firstOf, isInSplit } from './members.js';
import { EntityWorld, entityValue, satisfiesEntity } from './entities.js';
import { rowIds, type RowIds } from './matches.js';
import { messagesThatCount } from './messages.js';
import { keysOfJourney, remembered, walkJourney, type JourneyWorld, type Positions } from './journeys.js';
import { profileName } from './model.js';
import type {
  Condition,
  Definition,
  Evaluation,
  EvaluationInput,
  JourneyForm,
  EntityStream,
  EventStream,
  JourneyMemory,
  Json,
  Published,
  Ranking,
} from './model.js';
import { customTrait, ownersOf, profilesOf, type Profile } from './profiles.js';
import { isCounting, reduce, reducerOf } from './reducers.js';
import { comparisonScope, matchingEvents, satisfiesStream, valueOf, type ProfileScope } from './streams.js';
import { parseDuration, requireInstant, type Micros } from './time.js';
import { isPresent, jsonTextOf, type Value } from './values.js';

/** What one definition came to: the members' names, or the stored values by profile name. */
type Computed =
  { kind: 'audience'; members: Set<string> } | { kind: 'trait'; counts: boolean; values: Map<string, Value> };

/**
 * Evaluates every enabled definition for every profile.
 *
 * @param input rows that landed, definitions, `asOf` and first runs; see {@link EvaluationInput}.
 * @returns the universe, the members of each audience and the stored values of each computed trait.
 * @throws Error on a definition that is not valid, an unknown audience, or a cycle of references. References to
 *   unknown traits are custom traits that nobody has: the evaluator has no catalog (SEMANTICS §5).
 */
export function evaluate(input: EvaluationInput): Evaluation {
  return new Evaluator(input).result();
}

class Evaluator {
  private readonly asOf: Micros;
  private readonly profiles: Profile[];
  private readonly accounts: Account[];
  private readonly entities: EntityWorld;
  private readonly definitions: Map<string, Definition>;
  private readonly computed = new Map<string, Computed>();
  private readonly underway: string[] = [];
  /** Keys that journeys publish under → the journey. */
  private readonly journeyKeys = new Map<string, string>();
  private memory: JourneyMemory;
  private readonly nameNow: (name: string) => string;
  private readonly rankings = new Map<string, Set<string>>();

  constructor(private readonly input: EvaluationInput) {
    this.asOf = requireInstant(input.asOf);
    const messages = messagesThatCount(input.messages, this.asOf);
    this.profiles = profilesOf(messages);
    this.accounts = accountsOf(this.profiles, messages);
    this.entities = new EntityWorld(input.entities ?? {}, input.tables ?? {}, ownersOf(messages));
    const enabled = input.definitions.filter((definition) => definition.enabled !== false);
    this.definitions = new Map(enabled.map((definition) => [definition.key, definition]));
    for (const { key, kind, definition } of enabled) {
      if (kind === 'journey') keysOfJourney(key, definition).forEach((own) => this.journeyKeys.set(own, key));
    }
    this.memory = input.journeys ?? { positions: new Map(), left: new Map() };
    const owner = ownersOf(messages);
    this.nameNow = (name) => (name.startsWith('a:') ? profileName(owner(name.slice(2))) : name);
    if (this.definitions.size !== enabled.length) throw new Error('two definitions with one key');
  }

  result(): Evaluation {
    const evaluation: Evaluation = {
      profiles: this.profiles.map((profile) => profile.ref),
      members: new Map(),
      traitValues: new Map(),
      traitTexts: new Map(),
      journeys: this.memory,
      entityRows: new Map(),
    };
    for (const key of this.definitions.keys()) this.read(key);
    const keys = new Set([...this.definitions.keys(), ...this.journeyKeys.keys()]);
    for (const key of keys) {
      const computed = this.read(key);
      if (computed?.kind === 'audience') {
        const members = [...this.profiles, ...this.accounts].filter(({ name }) => computed.members.has(name));
        evaluation.members.set(
          key,
          members.map((profile) => profile.ref),
        );
      } else if (computed?.kind === 'trait') {
        const texts = [...computed.values].flatMap(([name, value]): [string, string][] =>
          isPresent(value) ? [[name, jsonTextOf(value)]] : [],
        );
        evaluation.traitTexts.set(key, new Map(texts));
        evaluation.traitValues.set(
          key,
          new Map(texts.map(([name, text]) => [name, JSON.parse(text) as Json])),
        );
      }
    }
    evaluation.journeys = this.memory;
    for (const definition of this.definitions.values()) {
      if (definition.kind === 'audience')
        evaluation.entityRows.set(definition.key, this.rowsOfMembers(definition));
    }
    return evaluation;
  }

  /** A definition by key: computed now, or as last published, or `undefined` where there is none of that key. */
  private read(key: string): Computed | undefined {
    const known = this.computed.get(key);
    if (known !== undefined) return known;
    const journey = this.journeyKeys.get(key);
    if (journey !== undefined && journey !== key) {
      this.read(journey);
      return this.computed.get(key);
    }
    const definition = this.definitions.get(key);
    const computed = definition === undefined ? this.published(key) : this.compute(definition);
    if (computed !== undefined) this.computed.set(key, computed);
    return computed;
  }

  private rowsOfMembers(definition: Definition & { kind: 'audience' }): Map<string, RowIds> {
    const members = this.membersOf(definition.key);
    const found = [...this.profiles, ...this.accounts]
      .filter(({ name }) => members.has(name))
      .map((profile): [string, RowIds] => [
        profile.name,
        rowIds(definition, this.scopeOf(definition, profile)),
      ]);
    return new Map(found.filter(([, rows]) => rows.size > 0));
  }

  private published(key: string): Computed | undefined {
    const all: Readonly<Record<string, Published>> = this.input.publishedOutsideSelection ?? {};
    const published = Object.hasOwn(all, key) ? all[key] : undefined;
    if (published === undefined) return undefined;
    if (published.kind === 'audience') return { kind: 'audience', members: new Set(published.members) };
    return { kind: 'trait', counts: published.counts, values: new Map(Object.entries(published.values)) };
  }

  private compute(definition: Definition): Computed {
    if (this.underway.includes(definition.key)) {
      throw new Error(`a cycle: ${[...this.underway, definition.key].join(' -> ')}`);
    }
    this.underway.push(definition.key);
    const range = this.rangeOf(definition);
    if (definition.kind === 'journey') {
      const members = this.computeJourney(definition, range);
      this.underway.pop();
      return { kind: 'audience', members };
    }
    const computed =
      definition.kind === 'audience'
        ? this.computeAudience(definition, definition.definition, range)
        : this.computeTrait(definition, definition.definition, range);
    this.underway.pop();
    return computed;
  }

  private computeAudience(definition: Definition, condition: Condition, range: Profile[]): Computed {
    const members = this.withRules(
      definition,
      range.filter((profile) => this.satisfies(profile, condition, this.scopeOf(definition, profile))),
    );
    return { kind: 'audience', members: new Set(members.map((profile) => profile.name)) };
  }

  /** Steps are known as far as the walk has come: the conditions of a journey may refer to its own earlier ones. */
  private computeJourney(definition: Definition & { kind: 'journey' }, range: Profile[]): Set<string> {
    const { key } = definition;
    const form = this.withExits(definition);
    const positions: Positions = new Map(keysOfJourney(key, form).map((own) => [own, new Map()]));
    for (const [own, there] of positions) {
      const members = { has: (name: string) => there.has(name) };
      this.computed.set(own, { kind: 'audience', members: members as Set<string> });
    }
    const world: JourneyWorld = {
      asOf: this.asOf,
      memory: this.memory,
      everyone: definition.of === 'accounts' ? this.accounts : this.profiles,
      mayEnter: new Set(range),
      nameNow: this.nameNow,
      holds: (profile, condition) => this.satisfies(profile, condition, this.scopeOf(definition, profile)),
    };
    walkJourney(key, form, world, positions);
    for (const [own, there] of positions) {
      this.computed.set(own, { kind: 'audience', members: new Set(there.keys()) });
    }
    this.memory = remembered(key, world, positions);
    return new Set(positions.get(key)?.keys());
  }

  /** What the project excludes is one more exit of its journeys. */
  private withExits(definition: Definition & { kind: 'journey' }): JourneyForm {
    const { definition: form } = definition;
    const excluded = excludedFrom(definition, this.input.exclude ?? [], this.definitions);
    if (excluded.length === 0) return form;
    const exits = excluded.map((audience): Condition => ({ audience }));
    return { ...form, exit: { any: [...(form.exit ? [form.exit] : []), ...exits] } };
  }

  private computeTrait(
    definition: Definition,
    stream: EventStream | EntityStream,
    range: Profile[],
  ): Computed {
    const reducer = reducerOf(stream);
    if (reducer === undefined) throw new Error(`${definition.key}: a trait without a reducer`);
    if (operatorOf(reducer.args) !== undefined)
      throw new Error(`${definition.key}: a trait with a comparison`);
    const counts = isCounting(reducer.name);
    const values = new Map<string, Value>();
    for (const profile of range) {
      const scope = this.scopeOf(definition, profile);
      const value =
        'entity' in stream
          ? entityValue(stream, scope)
          : reduce(matchingEvents(stream, scope), reducer.name, reducer.args, this.asOf);
      const isZeroCount = counts && value instanceof Decimal && value.scaled === 0n;
      if (isPresent(value) && !isZeroCount) values.set(profile.name, value);
    }
    return { kind: 'trait', counts, values };
  }

  private scope(definition: Definition, profile: Profile, account?: string): ProfileScope {
    const scope: ProfileScope = {
      ...(account !== undefined && { account }),
      definition,
      asOf: this.asOf,
      earliest: this.earliestEvent(definition),
      messages: profile.messages,
      profile: profile.ref,
      entities: this.entities,
      satisfies: (condition) => this.satisfies(profile, condition, scope),
      readTrait: (name) => this.readTrait(profile, name),
      isRanked: (ranking) => this.ranked(ranking, definition).has(profile.name),
    };
    return scope;
  }

  /** A user is a member of an audience of accounts where an account of theirs is. */
  private isMember(profile: Profile, members: ReadonlySet<string>): boolean {
    if (members.has(profile.name)) return true;
    return this.accounts.some(({ name, users }) => users.includes(profile) && members.has(name));
  }

  private scopeOf(definition: Definition, profile: Profile): ProfileScope {
    return this.scope(definition, profile, profile.ref.kind === 'account' ? profile.ref.id : undefined);
  }

  /** Of those the condition holds for, who is neither excluded nor held out; of these the first. */
  private withRules(definition: Definition, profiles: Profile[]): Profile[] {
    if (definition.kind !== 'audience') throw new Error(`${definition.key} is no audience`);
    const { limit, holdout } = definition;
    const excluded = excludedFrom(definition, this.input.exclude ?? [], this.definitions);
    const left = profiles.filter(
      (profile) =>
        !excluded.some((key) => this.isMember(profile, this.membersOf(key))) &&
        !(holdout && isInSplit(profile.ref, { salt: holdout.salt ?? definition.key, to: holdout.percent })),
    );
    return limit ? this.first(left, limit, definition) : left;
  }

  /** Names of the profiles that come first, of those the definition ranges over. */
  private ranked(ranking: Ranking, definition: Definition): Set<string> {
    const name = `${definition.key} ${JSON.stringify(ranking)}`;
    const known = this.rankings.get(name);
    if (known) return known;
    const { among } = ranking;
    const population = this.rangeOf(definition).filter(
      (profile) => !among || this.satisfies(profile, among, this.scopeOf(definition, profile)),
    );
    const names = new Set(this.first(population, ranking, definition).map(({ name }) => name));
    this.rankings.set(name, names);
    return names;
  }

  private first(profiles: readonly Profile[], ranking: Ranking, definition: Definition): Profile[] {
    const { by } = ranking;
    return firstOf(profiles, ranking, (profile) => {
      if ('trait' in by) return this.readTrait(profile, by.trait)[0];
      const scope = this.scopeOf(definition, profile);
      return 'entity' in by ? entityValue(by, scope) : valueOf(by, scope);
    });
  }

  private membersOf(key: string): Set<string> {
    const audience = this.read(key);
    if (audience?.kind !== 'audience') throw new Error(`no audience ${key}`);
    return audience.members;
  }

  private rangeOf(definition: Definition): Profile[] {
    if (definition.of === 'accounts') return this.accounts;
    return this.profiles.filter((profile) => profile.known || definition.include_anonymous === true);
  }

  /** How far back a definition's events go (SEMANTICS §5 `history`); `undefined` for all of them. */
  private earliestEvent(definition: Definition): Micros | undefined {
    const history = definition.history ?? true;
    if (history === true) return undefined;
    const firstRun = requireInstant(this.input.firstRuns?.[definition.key] ?? this.input.asOf);
    return history === false ? firstRun : firstRun - parseDuration(history);
  }

  /** A condition of a profile. */
  private satisfies(profile: Profile, condition: Condition, scope: ProfileScope): boolean {
    if ('all' in condition) return condition.all.every((part) => this.satisfies(profile, part, scope));
    if ('any' in condition) return condition.any.some((part) => this.satisfies(profile, part, scope));
    if ('not' in condition) return !this.satisfies(profile, condition.not, scope);
    if ('event' in condition) return satisfiesStream(condition, scope);
    if ('entity' in condition) return satisfiesEntity(condition, scope, comparisonScope(scope));
    if ('trait' in condition) {
      return holds(this.readTrait(profile, condition.trait), condition, comparisonScope(scope));
    }
    if ('audience' in condition) {
      return this.isMember(profile, this.membersOf(condition.audience));
    }
    if ('users' in condition) {
      const { account } = scope;
      const asked = this.accounts.find(({ name }) => name === profile.name);
      if (!asked || account === undefined) throw new Error('users of something that is no account');
      const found = asked.users.map((user) =>
        this.satisfies(user, condition.match, this.scope(scope.definition, user, account)),
      );
      if (condition.users === 'all') return found.length > 0 && found.every(Boolean);
      return condition.users === 'any' ? found.some(Boolean) : !found.some(Boolean);
    }
    if ('rank' in condition) return scope.isRanked(condition.rank);
    if ('split' in condition) return isInSplit(profile.ref, condition.split);
    throw new Error(`not a condition: ${JSON.stringify(condition)}`);
  }

  /** A trait's values: of an audience a boolean, of a computed trait what is stored, else of a custom trait. */
  private readTrait(profile: Profile, name: string): Value[] {
    const computed = this.read(name);
    if (computed === undefined) return customTrait(profile, name);
    if (computed.kind === 'audience') return [this.isMember(profile, computed.members)];
    const stored = computed.values.get(profile.name);
    return [stored === undefined && computed.counts ? Decimal.ofInteger(0) : stored];
  }
}
