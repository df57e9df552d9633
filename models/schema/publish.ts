import { defs, FILE_KINDS, type FileKind } from './index.js';
import type { Choice, Notes } from './notes.js';

export type JsonSchema = { readonly [key: string]: unknown };

/**
 * The published JSON Schema of a kind of file (draft 07): our notes turned into plain JSON Schema, so that
 * any validator and any editor can use it. It accepts what the loader accepts, save what no schema can
 * say: days that do not exist, ranges the wrong way round, durations past 1000 years, query text, names.
 */
export function publishedSchema(kind: FileKind): JsonSchema {
  const root = FILE_KINDS[kind];
  return {
    $schema: DRAFT,
    $id: `urn:rollcall:schema:${kind}`,
    title: `Rollcall ${kind}`,
    $ref: `#/definitions/${root}`,
    definitions: definitions(reachable(root), published),
  };
}

/**
 * All kinds of files in one schema, unions as decision chains and our notes kept, for the loader's ajv;
 * in one, because the kinds share most definitions and compiling them is what costs.
 */
export function internalSchema(): JsonSchema & { readonly $id: string } {
  const names = Object.keys(defs) as DefName[];
  return { $schema: DRAFT, $id: 'urn:rollcall:schema:all', definitions: definitions(names, internal) };
}

const DRAFT = 'http://json-schema.org/draft-07/schema#';

function definitions(names: Iterable<DefName>, transform: (schema: Node) => Node): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const name of names) result[name] = walk(defs[name], transform);
  return result;
}

type Node = Notes & { readonly [key: string]: unknown };
type DefName = keyof typeof defs;

/** The names a schema needs, itself first, in the order they are met. */
function reachable(root: DefName): Set<DefName> {
  const found = new Set<DefName>([root]);
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('$ref' in value && typeof value.$ref === 'string') found.add(value.$ref as DefName);
    for (const child of Object.values(value)) visit(child);
  };
  for (const name of found) visit(defs[name]); // a Set visits what is added on the way
  return found;
}

/** Rebuilds a schema bottom up; symbols, which TypeBox keeps its types under, are left behind. */
function walk(schema: Node, transform: (schema: Node) => Node): Node {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'patternProperties') copy['additionalProperties'] = walk(anyName(value), transform);
    else copy[key] = walkValue(key, value, transform);
  }
  return transform(copy);
}

/** `Type.Record` matches names by a pattern that stops at a line end; its values are for every name. */
function anyName(patterns: unknown): Node {
  const [schema] = Object.values(patterns as Record<string, Node>);
  return schema ?? {};
}

function walkValue(key: string, value: unknown, transform: (schema: Node) => Node): unknown {
  if (key === '$ref') return `#/definitions/${String(value)}`;
  if (key.startsWith('x-')) return value;
  if (key === 'anyOf' || key === 'allOf' || (key === 'items' && Array.isArray(value))) {
    return (value as Node[]).map((member) => walk(member, transform));
  }
  if (key === 'properties') {
    const entries = Object.entries(value as Record<string, Node>);
    return Object.fromEntries(entries.map(([name, child]) => [name, walk(child, transform)]));
  }
  if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object') {
    return walk(value as Node, transform);
  }
  return value;
}

function published(schema: Node): Node {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) if (!key.startsWith('x-')) plain[key] = value;
  const literals = literalValues(schema);
  if (literals !== undefined) {
    delete plain['anyOf'];
    Object.assign(plain, { type: 'string', enum: literals });
  }
  const exactly = schema['x-exactly-one'];
  if (exactly !== undefined) plain['oneOf'] = exactly.keys.map((key) => ({ required: [key] }));
  const most = schema['x-at-most-one'];
  if (most !== undefined) {
    const groups = most.groups.map((group) => ({ anyOf: group.map((key) => ({ required: [key] })) }));
    plain['oneOf'] = [...groups, { not: { anyOf: groups } }];
  }
  return plain;
}

function internal(schema: Node): Node {
  const literals = literalValues(schema);
  if (literals !== undefined) {
    const { anyOf: _, ...rest } = schema;
    return { ...rest, type: 'string', enum: literals };
  }
  // ajv compiles a pattern although the check words the problem better: one error is enough.
  if (schema['x-check'] !== undefined && 'pattern' in schema) {
    const { pattern: _, ...rest } = schema;
    return rest;
  }
  const choice = schema['x-by'];
  if (choice === undefined) return schema;
  const { anyOf, 'x-by': __, ...rest } = schema;
  return { ...rest, ...chain(choice, anyOf as Node[], schema['x-what']) };
}

/** `Type.Union` of string literals, which is an enumeration. */
function literalValues(schema: Node): readonly string[] | undefined {
  if (!Array.isArray(schema['anyOf']) || schema['x-by'] !== undefined) return undefined;
  const members = schema['anyOf'] as Node[];
  return members.every((member) => typeof member['const'] === 'string')
    ? members.map((member) => String(member['const']))
    : undefined;
}

const valueSchema = (value: string | readonly string[] | undefined): Node =>
  typeof value === 'object' ? { enum: value } : { const: value };

/** A union as if/then/else: only the branch the author meant is checked, so only its errors are told. */
function chain(choice: Choice, members: readonly Node[], what: string | undefined): Node {
  const branch = (test: (index: number) => Node): Node =>
    members.reduceRight<Node>(
      (rest, member, index) => ({
        if: test(index),
        then: member,
        ...(index === members.length - 1 ? {} : { else: rest }),
      }),
      {},
    );
  switch (choice.by) {
    case 'key':
      return {
        type: 'object',
        'x-form': choice.keys,
        ...branch((index) => ({ type: 'object', required: [choice.keys[index]] })),
      };
    case 'type':
      return {
        type: choice.types.flat(),
        ...branch((index) => ({
          type: choice.types[index]?.length === 1 ? choice.types[index][0] : choice.types[index],
        })),
      };
    case 'const': {
      const tag = {
        type: 'string',
        enum: choice.values.flat(),
        ...(what === undefined ? {} : { 'x-what': what }),
      };
      return {
        type: 'object',
        required: [choice.property],
        properties: { [choice.property]: tag },
        ...branch((index) => ({
          type: 'object',
          required: [choice.property],
          properties: { [choice.property]: valueSchema(choice.values[index]) },
        })),
      };
    }
  }
}
