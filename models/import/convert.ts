/** One item of a listing as a definition file. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import type { Condition, TraitValue } from '../algebra.js';
import { field } from '../build/context.js';
import type { DefinitionKind } from '../definition.js';
import { printJson, type JsonTree } from '../json-text.js';
import { validKey } from '../key.js';
import { loadDefinition } from '../load/definition-file.js';
import { inFile } from '../load/result.js';
import { parseEmbeddedQuery } from '../query/embedded.js';
import { KEY_PATTERN } from '../schema/index.js';
import type { JsonNode, ObjectNode, ScalarNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { SpanStore } from '../source/spans.js';
import { SourceText } from '../source/text.js';
import { toJson } from '../to-json.js';
import { namesIn } from '../walk.js';
import type { ListedItem } from './listing.js';

export interface Converted {
  readonly kind: DefinitionKind;
  /** Valid, unless there are errors. */
  readonly key: string;
  readonly name: string;
  /** The key in the listing, where it had to be changed. */
  readonly renamedFrom?: string;
  readonly enabled: boolean;
  /** Names its query refers to. */
  readonly refersTo: readonly string[];
  /** The file's text, with a `$schema`; absent where there are errors. */
  readonly text?: (schema: string) => string;
  /** What a reader should know: of what was changed, or could not be kept. */
  readonly notes: readonly string[];
  readonly errors: readonly Diagnostic[];
  /** The item in its listing. */
  readonly at: { readonly source: SourceText; readonly start: number; readonly end: number };
}

/** Converts an item; `form` says whether its query stays text. */
export function convertItem(item: ListedItem, form: 'query' | 'json'): Converted {
  const { node, source } = item;
  const problems: Problem[] = [];
  const query = queryOf(node, problems);
  const parsed = query === undefined ? undefined : parse(item, query, problems);
  const kind = parsed?.kind ?? item.kind ?? 'audience';
  const original = textOf(node, 'key') ?? textOf(node, 'name') ?? textOf(node, 'id') ?? '';
  const key = new RegExp(KEY_PATTERN).test(original) ? original : validKey(original);
  const keyNode = field(node, 'key') ?? node;
  if (key === '') {
    const message = 'no key can be made of it: it has neither key nor name in letters or digits';
    problems.push({ code: 'invalid-value', message, start: keyNode.start, end: keyNode.start + 1 });
  }
  const tree = parsed?.tree;
  const head = headOf(node, kind, key);
  const notes = notesOf(node);
  let definition: JsonTree = { query: String(query?.value ?? '') };
  if (form === 'json' && tree !== undefined && key !== '') {
    const spelt = toJson(tree);
    // What only query text can say stays text.
    if (readable({ ...head, definition: spelt })) definition = spelt;
    else notes.push('kept as text: JSON has no form for it');
  }
  if (problems.length === 0) {
    const broken = loadProblems({ ...head, definition });
    const { start } = node;
    problems.push(...broken.map(({ code, message }) => ({ code, message, start, end: start + 1 })));
  }
  return {
    kind,
    key,
    name: textOf(node, 'name') ?? key,
    ...(key === original ? {} : { renamedFrom: original }),
    enabled: head['enabled'] !== false,
    refersTo: tree === undefined ? [] : namesIn(tree),
    ...(problems.length === 0 && {
      text: (schema: string) => `${printJson({ $schema: schema, ...head, definition }, 80)}\n`,
    }),
    notes,
    errors: inFile(problems, source, key === '' ? undefined : key),
    at: { source, start: keyNode.start, end: keyNode === node ? node.start + 1 : keyNode.end },
  };
}

/** The query text of an item, which stands in its definition; a problem where there is none. */
function queryOf(node: ObjectNode, problems: Problem[]): ScalarNode | undefined {
  const definition = field(node, 'definition');
  const query = definition?.type === 'object' ? field(definition, 'query') : definition;
  const type = definition?.type === 'object' ? textOf(definition, 'type') : undefined;
  const at = type === undefined ? undefined : field(definition as ObjectNode, 'type');
  if (at !== undefined && type !== undefined && !/^(users|accounts)$/i.test(type)) {
    const message = `a definition of type ${JSON.stringify(type)} cannot be imported, only of users and accounts`;
    problems.push({ code: 'not-supported', message, start: at.start, end: at.end });
    return undefined;
  }
  if (query?.type === 'string' && query.value !== '') return query;
  const { start } = query ?? definition ?? node;
  const message = 'it has no query text under "definition"';
  problems.push({
    code: 'missing-key',
    message,
    hint: 'expected is "definition": { "query": "…" }',
    start,
    end: start + 1,
  });
  return undefined;
}

interface Parsed {
  readonly kind: DefinitionKind;
  readonly tree: Condition | TraitValue;
}

/** Parses as the kind the envelope says, else as either; of two failures the one that read further is told. */
function parse({ kind, source }: ListedItem, query: ScalarNode, problems: Problem[]): Parsed | undefined {
  const kinds: readonly DefinitionKind[] = kind === undefined ? ['audience', 'trait'] : [kind];
  const failures: (readonly Problem[])[] = [];
  for (const one of kinds) {
    const context = { source, spans: new SpanStore() };
    const result = parseEmbeddedQuery(context, query, one === 'audience' ? 'condition' : 'value');
    if (result.tree !== undefined) return { kind: one, tree: result.tree };
    failures.push(result.problems);
  }
  const reach = (list: readonly Problem[]): number => Math.max(...list.map(({ start }) => start));
  problems.push(...(failures.sort((a, b) => reach(b) - reach(a))[0] ?? []));
  return undefined;
}

/** Everything of the file but its definition. */
function headOf(node: ObjectNode, kind: DefinitionKind, key: string): Readonly<Record<string, JsonTree>> {
  const name = textOf(node, 'name');
  const description = textOf(node, 'description');
  const definition = field(node, 'definition');
  const type = definition?.type === 'object' ? textOf(definition, 'type') : undefined;
  const options = field(node, 'options');
  const option = (name: string): unknown =>
    options?.type === 'object' ? field(options, name)?.value : undefined;
  const tags = listOf(field(node, 'tags'));
  return {
    kind,
    key,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(type?.toLowerCase() === 'accounts' ? { of: 'accounts' } : {}),
    ...(tags.length === 0 ? {} : { tags }),
    ...(field(node, 'enabled')?.value === false ? { enabled: false } : {}),
    ...(option('includeAnonymousUsers') === true ? { include_anonymous: true } : {}),
    ...(option('includeHistoricalData') === false ? { history: false } : {}),
  };
}

/** What an item says that a definition has no place for. */
function notesOf(node: ObjectNode): string[] {
  const options = field(node, 'options');
  const filtered = options?.type === 'object' ? field(options, 'filterByExternalIds') : undefined;
  return listOf(filtered).length > 0 ? ['"filterByExternalIds" is left out'] : [];
}

function listOf(node: JsonNode | undefined): readonly string[] {
  if (node?.type !== 'array') return [];
  return node.value.filter((item): item is string => typeof item === 'string' && item !== '');
}

function textOf(node: ObjectNode, key: string): string | undefined {
  const value = field(node, key)?.value;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What the loader would say of the file: it must never be written if it could not be read. */
function loadProblems(file: JsonTree): readonly Diagnostic[] {
  const source = new SourceText('imported.json', printJson(file));
  const { diagnostics } = loadDefinition({ source, spans: new SpanStore() });
  return diagnostics.filter(({ severity }) => severity === 'error');
}

const readable = (file: JsonTree): boolean => loadProblems(file).length === 0;
