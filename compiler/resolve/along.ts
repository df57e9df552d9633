/** Traits that go along with messages: what the names that links and destinations give mean, or why nothing has them. */
import {
  addressTypes,
  type Definition,
  type Destination,
  type Project,
  type Spans,
  type TraitLink,
} from '../../models/definition.js';
import { levelsTold, traitsAlong } from '../../models/enrichment.js';
import { spanOf } from '../../models/source/spans.js';
import { hasElements, mentionOf } from '../bind/paths.js';
import type { Level, Needs, ValueColumn } from '../bind/types.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { TraitTarget } from '../lower/index.js';
import { unknownName } from './check-query.js';
import type { Names } from './names.js';

/** A trait that goes along, by what it is called in messages. */
export interface Along {
  readonly as: string;
  readonly target: TraitTarget;
}

/** What goes along on a link with what is about people, and with what is about accounts. */
export type AlongLink = Readonly<Record<Level, readonly Along[]>>;

/** Links of a definition by destination; those on which nothing goes along are not there. */
export type AlongLinks = ReadonlyMap<string, AlongLink>;

const LEVELS: readonly Level[] = ['users', 'accounts'];

/** What goes along with the messages of a definition. */
export function alongOf(definition: Definition, { destinations }: Project, names: Names): AlongLinks {
  const links = new Map<string, AlongLink>();
  for (const link of definition.destinations) {
    const destination = destinations.find(({ key }) => key === link.to);
    const asked = destination ? traitsAlong(definition, link, destination) : [];
    if (!destination || asked.length === 0) continue;
    const levels = levelsTold(definition, link, destination);
    const of = (level: Level): readonly Along[] =>
      levels.includes(level)
        ? asked.flatMap(({ trait, as }) => {
            const target = names.trait(trait, level);
            return target ? [{ as, target }] : [];
          })
        : [];
    links.set(destination.key, { users: of('users'), accounts: of('accounts') });
  }
  return links;
}

/** Definitions whose values go along on some link. */
export const definitionsAlong = (links: AlongLinks): ReadonlySet<string> =>
  new Set(
    [...links.values()].flatMap((link) =>
      LEVELS.flatMap((level) => link[level].flatMap(({ target }) => ('key' in target ? [target.key] : []))),
    ),
  );

/** What goes along that has to land: custom traits. */
export function needsAlong(links: AlongLinks): Needs {
  const mentions = (level: Level): readonly ValueColumn[] =>
    [...links.values()].flatMap((link) =>
      link[level].flatMap(({ target }) => (target.kind === 'custom' ? [mentionOf(target.path)] : [])),
    );
  const accounts = mentions('accounts');
  return { events: [], traits: mentions('users'), ...(accounts.length > 0 && { accounts }) };
}

/** The trait that says phones, where a destination tells people by them; emails land always. */
export const needsAddresses = ({ destinations }: Project): Needs => ({
  events: [],
  traits: destinations.some((one) => addressTypes(one).includes('phone')) ? [mentionOf('phone')] : [],
});

/** Names that no trait has of those that messages are about. */
export function checkAlong(
  { definitions, destinations }: Project,
  names: Names,
  spans: Spans,
): readonly Diagnostic[] {
  const byKey = new Map(destinations.map((destination) => [destination.key, destination]));
  const toldBy = new Map<string, Set<Level>>();
  const diagnostics: Diagnostic[] = [];
  const check = (one: TraitLink, levels: readonly Level[], definition?: string): void => {
    const problem = problemOf(one, levels, names);
    if (!problem) return;
    diagnostics.push({
      ...problem,
      ...(definition !== undefined && { definition }),
      ...spanOf(spans, one),
    });
  };
  for (const definition of definitions) {
    if (definition.destinations === definition.output?.of.destinations) continue;
    for (const link of definition.destinations) {
      const destination = byKey.get(link.to);
      if (!destination) continue;
      const levels = levelsTold(definition, link, destination);
      const all = toldBy.get(link.to) ?? new Set();
      levels.forEach((level) => all.add(level));
      toldBy.set(link.to, all);
      if (levels.length > 0) link.traits?.forEach((one) => check(one, levels, definition.key));
    }
  }
  for (const { key, traits = [] } of destinations) {
    const levels = [...(toldBy.get(key) ?? [])];
    for (const one of traits) check(one, levels.length > 0 ? levels : LEVELS);
  }
  for (const destination of destinations) {
    const problem = noPhones(destination, names);
    if (problem) diagnostics.push({ ...problem, ...spanOf(spans, destination) });
  }
  return diagnostics;
}

/** Nobody has a phone that a destination could tell them by. */
function noPhones(destination: Destination, names: Names): Problem | undefined {
  if (!addressTypes(destination).includes('phone') || names.isCustom('phone', 'users')) return undefined;
  return {
    code: 'unknown-reference',
    severity: 'error',
    message: `${JSON.stringify(destination.key)} tells people by their phone, and there is no trait "phone"`,
    hint:
      didYouMean('phone', names.traitNames('users')) ??
      'list it under "traits" of the source, if it is to come',
  };
}

type Problem = Pick<Diagnostic, 'code' | 'severity' | 'message' | 'hint'>;

function problemOf({ trait }: TraitLink, levels: readonly Level[], names: Names): Problem | undefined {
  const name = JSON.stringify(trait);
  if (hasElements(trait)) {
    return {
      code: 'invalid-value',
      severity: 'error',
      message: `${name} has many values, and one goes along`,
      hint: 'send the list itself, or a SQL trait that makes one value of it',
    };
  }
  if (levels.some((level) => names.trait(trait, level))) return undefined;
  const other = LEVELS.find((level) => names.trait(trait, level));
  if (other) {
    const [have, are] = other === 'users' ? ['users', 'accounts'] : ['accounts', 'users'];
    return {
      code: 'misplaced-operand',
      severity: 'error',
      message: `${name} is a trait of ${have}, and the messages are about ${are}`,
      hint: `name a trait of ${are}, or take it out`,
    };
  }
  const known = levels.flatMap((level) => names.traitNames(level));
  return unknownName(names, trait, 'trait', known);
}
