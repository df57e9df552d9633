import { didYouMean, nearest, orList } from '../../compiler/diagnostics/suggest.js';
import type { Condition, TraitValue } from '../algebra.js';
import { buildCondition, buildTraitValue } from '../build/condition.js';
import type { BuildContext } from '../build/context.js';
import { buildAudience, buildTrait } from '../build/definition.js';
import type { Definition } from '../definition.js';
import { parseEmbeddedQuery } from '../query/embedded.js';
import { field } from '../build/context.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { validateFile } from '../validate/explain.js';
import { conditionsIn, conditionsInValue, countPrimaries } from '../walk.js';
import { inFile, readObject, type FileContext, type Loaded } from './result.js';

const KINDS = ['audience', 'trait'] as const;
type Kind = (typeof KINDS)[number];

/** What Segment takes in one definition (QUERY-LANGUAGE). */
const SEGMENT_PRIMARIES = 50;

/** Reads, validates and builds one definition file; every problem of it is told. */
export function loadDefinition(context: FileContext): Loaded<Definition> {
  const { root, problems, ...key } = readObject(context.source);
  if (root === undefined) return { ...key, diagnostics: inFile(problems, context.source, key.key) };

  const kind = kindOf(root);
  const found: Problem[] = [...problems];
  if (kind.problem !== undefined) found.push(kind.problem);
  let query: ReturnType<typeof queryOf>;
  if (kind.kind !== undefined) {
    const at = kind.problem?.start;
    found.push(...validateFile(kind.kind, root).filter((problem) => problem.start !== at));
    query = queryOf(context, root, kind.kind);
    if (query !== undefined && 'problems' in query) found.push(...query.problems);
  }
  if (kind.kind === undefined || found.length > 0) {
    return { ...key, diagnostics: inFile(found, context.source, key.key) };
  }
  const value = build(
    context,
    root,
    kind.kind,
    query !== undefined && 'tree' in query ? query.tree : undefined,
  );
  return { ...key, value, diagnostics: inFile(warnings(value, root), context.source, key.key) };
}

function build(
  context: BuildContext,
  root: ObjectNode,
  kind: Kind,
  tree: Condition | TraitValue | undefined,
): Definition {
  const form = field(root, 'definition') as JsonNode;
  return kind === 'audience'
    ? buildAudience(context, root, (tree as Condition | undefined) ?? buildCondition(context, form))
    : buildTrait(context, root, (tree as TraitValue | undefined) ?? buildTraitValue(context, form));
}

/** The kind of a file, or the one a misspelt kind means, so that the rest can be checked all the same. */
function kindOf(root: ObjectNode): { kind?: Kind; problem?: Problem } {
  const node = field(root, 'kind');
  if (node === undefined) {
    const message = '"kind" is missing';
    const hint = `a definition is ${orList(KINDS)}`;
    return { problem: { code: 'missing-key', message, hint, start: root.start, end: root.start + 1 } };
  }
  const at = { start: node.start, end: node.end };
  if (typeof node.value !== 'string') {
    return { problem: { code: 'wrong-type', message: `${orList(KINDS)} is expected`, ...at } };
  }
  const kind = KINDS.find((name) => name === node.value);
  if (kind !== undefined) return { kind };
  if (node.value === 'journey') {
    return {
      problem: { code: 'not-supported', message: 'journeys are not supported by this version', ...at },
    };
  }
  const hint =
    node.value === 'destination'
      ? 'destinations live in the folder destinations/'
      : (didYouMean(node.value, KINDS) ?? `use ${orList(KINDS)}`);
  const problem: Problem = {
    code: 'invalid-value',
    message: `${JSON.stringify(node.value)} is not a kind of definition`,
    hint,
    ...at,
  };
  const meant = nearest(node.value, KINDS) as Kind | undefined;
  return meant === undefined ? { problem } : { kind: meant, problem };
}

/** The tree of `"definition": { "query": "…" }`, or what is wrong with its text. */
function queryOf(context: BuildContext, root: ObjectNode, kind: Kind) {
  const form = field(root, 'definition');
  if (form?.type !== 'object') return undefined;
  const text = field(form, 'query');
  if (text?.type !== 'string' || text.value === '') return undefined;
  return parseEmbeddedQuery(context, text, kind === 'audience' ? 'condition' : 'value');
}

function warnings(definition: Definition, root: ObjectNode): Problem[] {
  const conditions =
    definition.kind === 'audience' ? conditionsIn(definition.condition) : conditionsInValue(definition.value);
  const count = countPrimaries(conditions);
  const node = field(root, 'definition');
  if (count <= SEGMENT_PRIMARIES || node === undefined) return [];
  return [
    {
      code: 'too-many-conditions',
      severity: 'warning',
      message: `${count} primary expressions; Segment accepts ${SEGMENT_PRIMARIES}, so it would not paste back`,
      start: node.start,
      end: node.start + 1,
    },
  ];
}
