import type { Condition, EntityStream, EventStream, Operand, Reducer, Stream } from '../../models/algebra.js';
import { conditionOfStep, stepsReadBy } from '../../models/journey.js';
import { nounOf, ownerOf, type Definition, type Spans } from '../../models/definition.js';
import { checkEvent, checkValue, type Vocabulary } from '../bind/index.js';
import type { Entities } from '../bind/entity.js';
import { hasElements, valueColumn } from '../bind/paths.js';
import type { Level, ValueRoot } from '../bind/types.js';
import type { Code, Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { isSql } from '../sql/index.js';
import { checkEntity } from './check-entity.js';
import { checkPlace } from './check-place.js';
import { checkRefs, unknownName } from './check-query.js';
import { readableBy, type Names } from './names.js';

/** What checking one definition finds: problems, and the definitions it reads. */
export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  readonly upstream: ReadonlySet<string>;
}

/**
 * Checks every reference and every operand's place in a definition against the project and the catalog.
 *
 * @param entities the data graph; absent: it is not known, and what stands in an entity is not looked for in its table
 */
export function checkDefinition(
  definition: Definition,
  names: Names,
  sources: readonly Vocabulary[],
  entities: Entities | undefined,
  spans: Spans,
): Checked {
  const checker = new Checker(definition, names, sources, entities, spans);
  if (isSql(definition)) {
    const refs = checkRefs(definition, names, spans);
    refs.upstream.forEach((key) => checker.upstream.add(key));
    checker.diagnostics.push(...refs.diagnostics);
  } else checker.definitionItself();
  return { diagnostics: checker.diagnostics, upstream: checker.upstream };
}

const lift = (written: string): string => `ask its users: { "users": "any", "match": ${written} }`;

/** The events or entities whose `where` something stands in, the outermost first. */
type Enclosing = readonly Stream[];

class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly upstream = new Set<string>();
  private readonly missingEvents = new Set<string>();
  /** Whose conditions are being checked: an account's users' inside `users`. */
  private of: Level;

  constructor(
    private readonly definition: Definition,
    private readonly names: Names,
    private readonly sources: readonly Vocabulary[],
    private readonly entities: Entities | undefined,
    private readonly spans: Spans,
  ) {
    this.of = definition.of;
  }

  definitionItself(): void {
    const { definition } = this;
    switch (definition.kind) {
      case 'audience':
        this.condition(definition.condition, [], definition);
        return;
      case 'trait':
        if (definition.value.kind === 'reduced') {
          this.reduced(definition.value.stream, definition.value.reducer, [], definition);
        } else if (definition.output) this.upstream.add(definition.output.of.key);
        return;
      case 'journey':
        this.condition(definition.journey.entry, [], definition);
        if (definition.journey.exit) this.condition(definition.journey.exit, [], definition);
        return;
      case 'journey_step': {
        for (const key of stepsReadBy(definition.output.of.key, definition.step)) this.upstream.add(key);
        const condition = conditionOfStep(definition.step.rule);
        if (condition) this.condition(condition, [], definition);
      }
    }
  }

  /** @param around the streams whose `where` it stands in, the outermost first; none over profiles */
  condition(condition: Condition, around: Enclosing, parent: object): void {
    const at = this.spans.of(condition) ? condition : parent;
    switch (condition.kind) {
      case 'all':
      case 'any':
        condition.of.forEach((child) => {
          this.condition(child, around, at);
        });
        return;
      case 'not':
        this.condition(condition.of, around, at);
        return;
      case 'audience':
        this.audience(condition.key, at);
        return;
      case 'rank':
        if (around.length > 0) this.misplaced(condition.kind, at);
        else if (this.of !== this.definition.of) this.rankedUsers(at);
        this.operand(condition.by, around, at);
        this.rankedBy(condition.by, at);
        if (condition.among) this.condition(condition.among, around, at);
        return;
      case 'split':
        if (around.length > 0) this.misplaced(condition.kind, at);
        return;
      case 'users':
        this.users(condition.match, around, at);
        return;
      case 'test':
        this.operand(condition.left, around, at);
        if ('right' in condition.compare) this.operand(condition.compare.right, around, at);
    }
  }

  private misplaced(kind: 'rank' | 'split', at: object): void {
    const hint = 'put it beside the event, under "all"';
    this.report(
      'misplaced-operand',
      at,
      `"${kind}" is about a profile; here it would be about an event or a row`,
      hint,
    );
  }

  private rankedUsers(at: object): void {
    this.report(
      'misplaced-operand',
      at,
      'a ranking is of all that the definition ranges over, and here it would be of the users of one account',
      'rank the users in an audience of theirs, and write { "audience": … } here',
    );
  }

  /** A ranking goes by a number: an audience has none, and a path with "$" has many. */
  private rankedBy(by: Operand, parent: object): void {
    if (by.kind !== 'trait') return;
    const at = this.spans.of(by) ? by : parent;
    if (this.names.trait(by.path, this.of)?.kind === 'audience') {
      const hint = 'go by a trait that has numbers, or by reduced events';
      this.report('misplaced-operand', at, `"${by.path}" is an audience and has no number to go by`, hint);
    } else if (hasElements(by.path)) {
      this.report('misplaced-operand', at, `"${by.path}" has many values, and a ranking goes by one`);
    }
  }

  private users(match: Condition, around: Enclosing, at: object): void {
    if (this.of !== 'accounts' || around.length > 0) {
      const isInside = this.definition.of === 'accounts';
      this.report(
        'misplaced-operand',
        at,
        isInside
          ? '"users" asks about the users of an account, and here it is users or events that are asked about'
          : '"users" asks about the users of an account, and this definition is of users',
        isInside
          ? 'take it out of the condition it stands in'
          : 'make it { "of": "accounts" }, or leave out "users"',
      );
      return;
    }
    this.of = 'users';
    this.condition(match, [], at);
    this.of = 'accounts';
  }

  private operand(operand: Operand, around: Enclosing, parent: object): void {
    const [row, enclosing] = [around.at(-1), around.at(-2)];
    const at = this.spans.of(operand) ? operand : parent;
    switch (operand.kind) {
      case 'literal':
        return;
      case 'property':
      case 'context':
        if (!row) {
          this.report(
            'misplaced-operand',
            at,
            `A ${operand.kind} belongs to an event; here there is none`,
            'put it into the "where" of an event',
          );
        } else if (operand.kind === 'context' || operand.of === 'self') {
          this.value(operand.kind, operand.path, row, at);
        } else if (enclosing) this.value('property', operand.path, enclosing, at);
        else {
          const [name, what] = row.kind === 'event' ? [row.event, 'event'] : [row.entity, 'entity'];
          this.report(
            'misplaced-operand',
            at,
            `"${name}" stands in no other ${what}, so there is no parent to read "${operand.path}" of`,
            row.kind === 'event'
              ? 'leave out "of", or put the event into the "where" of the one that comes before it'
              : 'leave out "of", or put the entity into the "where" of the one it is related to',
          );
        }
        return;
      case 'trait':
        this.trait(operand.path, at);
        return;
      case 'reduced':
        this.reduced(operand.stream, operand.reducer, around, at);
    }
  }

  reduced(stream: Stream, reducer: Reducer, around: Enclosing, parent: object): void {
    const at = this.spans.of(stream) ? stream : parent;
    const fits =
      stream.kind === 'event' ? this.event(stream, around, at) : this.entity(stream, reducer, around, at);
    if (!fits) return;
    if ('property' in reducer)
      this.value('property', reducer.property, stream, this.spans.of(reducer) ? reducer : at);
    if (stream.where) this.condition(stream.where, [...around, stream], at);
  }

  /** An event and where it stands; false where what is in it cannot be checked. */
  private event(stream: EventStream, around: Enclosing, at: object): boolean {
    const problems = checkPlace(stream, around, this.definition.of);
    for (const { message, hint } of problems) this.report('misplaced-operand', at, message, hint);
    if (around.at(-1)?.kind === 'entity') return false;
    const missing = checkEvent(this.sources, stream.event);
    if (missing && !this.missingEvents.has(stream.event)) {
      this.missingEvents.add(stream.event);
      this.add({ ...missing, ...this.place(at) });
    }
    return true;
  }

  /** The same of an entity. */
  private entity(stream: EntityStream, reducer: Reducer, around: Enclosing, at: object): boolean {
    if (!this.entities) return true;
    const problems = checkEntity(this.entities, stream, reducer, around, this.of);
    for (const { code, message, hint, ofReducer } of problems)
      this.report(code, ofReducer && this.spans.of(reducer) ? reducer : at, message, hint);
    return problems.length === 0;
  }

  private value(root: ValueRoot, path: string, stream: Stream, at: object): void {
    if (stream.kind === 'entity') {
      if (root === 'context') {
        this.report(
          'misplaced-operand',
          at,
          `A context belongs to an event; here there is a row of "${stream.entity}"`,
          `read a column: { "property": "${path}" }`,
        );
        return;
      }
      const missing = this.entities?.get(stream.entity)?.missingValue(path);
      if (missing) this.report('missing-column', at, missing.message, missing.hint);
      return;
    }
    if (this.missingEvents.has(stream.event)) return;
    const missing = checkValue(this.sources, stream.event, valueColumn(root, path, 'text'));
    if (missing) this.add({ ...missing, ...this.place(at) });
  }

  private audience(key: string, at: object): void {
    const found = this.names.definition(key);
    if (found && found.kind !== 'trait') {
      if (readableBy(found, this.of)) this.upstream.add(key);
      else this.ofOthers(found, `{ "audience": "${key}" }`, at);
      return;
    }
    const wrong = found ? `"${key}" is a trait, not an audience` : `There is no audience "${key}"`;
    const hint = found
      ? `write { "trait": "${key}", … }`
      : didYouMean(key, this.names.audienceNames(this.of));
    this.report('unknown-reference', at, wrong, hint);
  }

  private trait(path: string, at: object): void {
    const target = this.names.trait(path, this.of);
    const others = this.names.definition(path);
    if (!target && others && !readableBy(others, this.of)) {
      this.ofOthers(others, `{ "trait": "${path}", … }`, at);
      return;
    }
    if (!target && this.of === 'accounts' && this.names.isCustom(path, 'users')) {
      this.report(
        'misplaced-operand',
        at,
        `"${path}" is a trait of users, and here accounts are asked about`,
        lift(`{ "trait": "${path}", … }`),
      );
      return;
    }
    if (!target) {
      const known = this.names.traitNames(this.of);
      this.add({ ...unknownName(this.names, path, 'trait', known), ...this.place(at) });
      return;
    }
    if (target.kind === 'custom') return;
    this.upstream.add(target.key);
    if (this.names.isCustom(path, this.of)) {
      this.add({
        code: 'shadowed-trait',
        severity: 'warning',
        message: `"${path}" is read from the ${target.kind === 'audience' ? 'audience' : 'computed trait'}; a custom trait of the same name is hidden`,
        ...this.place(at),
      });
    }
  }

  /** A reference to what is not of whom is asked about. */
  private ofOthers(other: Definition, written: string, at: object): void {
    const noun = nounOf(other.kind);
    if (this.of === 'accounts') {
      this.report(
        'misplaced-operand',
        at,
        `"${other.key}" is ${noun} of users, and here accounts are asked about`,
        lift(written),
      );
      return;
    }
    this.report(
      'misplaced-operand',
      at,
      `"${other.key}" is ${noun} of accounts, and a user may belong to several with different values`,
      'ask for the account in an audience of accounts, and for that audience here',
    );
  }

  private report(code: Code, at: object, message: string, hint?: string): void {
    this.add({
      code,
      severity: 'error',
      message,
      ...(hint === undefined ? {} : { hint }),
      ...this.place(at),
    });
  }

  private place(at: object): Pick<Diagnostic, 'span' | 'definition'> {
    const span = this.spans.of(at) ?? this.spans.of(ownerOf(this.definition));
    return { definition: this.definition.key, ...(span ? { span } : {}) };
  }

  private add(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }
}
