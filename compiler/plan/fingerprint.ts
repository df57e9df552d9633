import { hash } from 'node:crypto';
import { durationMicros, type Duration } from '../../models/algebra.js';
import type { Definition, ProjectConfig, TraitDefinition } from '../../models/definition.js';
import type { Journey } from '../../models/journey.js';
import { byText } from '../../models/order.js';
import { entitiesIn } from '../../models/walk.js';
import { parseInstant } from '../../models/instant.js';
import { canonicalDecimal } from '../lower/decimal.js';

/** Raised when the compiler starts to mean something else by the same definition: everything is recomputed. */
export const SEMANTIC_VERSION = 1;

/**
 * Hash of what a definition means: its condition or value, its history, whom it ranges over, which rows the entities
 * it reads are. Not its name,
 * description, tags, destinations or spelling: `7 days` and `1 week`, or the parts of an `all` in another
 * order, are one meaning (SEMANTICS §5, "Editing").
 *
 * @param query of a SQL trait, what its query says once macros are expanded
 */
export function fingerprint(
  definition: Definition,
  entities: ProjectConfig['entities'] = {},
  query?: { readonly meaning: string },
): string {
  const { kind, of, includeAnonymous, history } = definition;
  const body = bodyOf(definition, query);
  const read = entitiesRead(body, entities);
  const meaning = { version: SEMANTIC_VERSION, kind, of, includeAnonymous, history, body, ...read };
  return hash('sha256', JSON.stringify(canonical(meaning)));
}

/** A query means what its macros came to, and each of its columns something of its own. */
function valueBody({ value, output }: TraitDefinition, query?: { readonly meaning: string }): object {
  return value.kind === 'sql'
    ? { kind: 'sql', sql: query?.meaning ?? value.sql, output: output?.name }
    : value;
}

function bodyOf(definition: Definition, query?: { readonly meaning: string }): object {
  switch (definition.kind) {
    case 'audience':
      return definition.condition;
    case 'trait':
      return valueBody(definition, query);
    case 'journey':
      return meaningOf(definition.journey);
    case 'journey_step':
      // They are computed together, each from those before it.
      return { journey: meaningOf(definition.output.of.journey), step: definition.step.key };
  }
}

/** What a step is called, and where it sends, is no part of what it means. */
const meaningOf = ({ entry, exit, reEntry, steps }: Journey): object => ({
  entry,
  exit,
  reEntry,
  steps: steps.map(({ key, after, rule }) => ({ key, after, rule })),
});

/** The configuration of the entities a definition reads, as far as it says which rows they are. */
function entitiesRead(
  body: object,
  entities: NonNullable<ProjectConfig['entities']>,
): { readonly entities?: object } {
  const read = entitiesIn(body).flatMap((name) =>
    Object.hasOwn(entities, name) ? (entities[name] ?? []) : [],
  );
  const meaning = read.map((entity) => {
    const relations = Object.entries(entity.relations).filter(([name]) =>
      read.some((other) => other.name === name),
    );
    return [entity.name, { ...entity, relations: Object.fromEntries(relations) }] as const;
  });
  return read.length === 0 ? {} : { entities: Object.fromEntries(meaning) };
}

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** Keys whose arrays are sets. */
const UNORDERED = new Set(['of', 'values', 'excludeSources']);
const INSTANTS = new Set(['since', 'until', 'instant']);

function canonical(value: unknown, key = ''): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    return UNORDERED.has(key) ? sorted(items) : items;
  }
  if (typeof value === 'string')
    return INSTANTS.has(key) ? (parseInstant(value)?.toString() ?? value) : value;
  if (typeof value !== 'object' || value === null) return value as Json;
  if (isDuration(value)) return durationMicros(value).toString();
  if (isNumberLiteral(value)) return { type: 'number', text: canonicalDecimal(value.text) ?? value.text };
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .map(([k, v]) => [k, canonical(v, k)] as const);
  return Object.fromEntries(entries.sort(byText(([key]) => key)));
}

function sorted(items: readonly Json[]): readonly Json[] {
  const distinct = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...distinct].sort(byText(([text]) => text)).map(([, item]) => item);
}

const isDuration = (value: object): value is Duration => 'amount' in value && 'unit' in value;

const isNumberLiteral = (value: object): value is { type: 'number'; text: string } =>
  'type' in value && value.type === 'number' && 'text' in value && typeof value.text === 'string';
