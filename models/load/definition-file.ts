import { didYouMean, nearest, orList } from '../../compiler/diagnostics/suggest.js';
import type { Condition, TraitValue } from '../algebra.js';
import { buildCondition, buildTraitValue } from '../build/condition.js';
import type { BuildContext } from '../build/context.js';
import { buildAudience, buildTrait } from '../build/definition.js';
import { buildJourney } from '../build/journey.js';
import type { Definition } from '../definition.js';
import { conditionsOfJourney } from '../journey.js';
import { parseEmbeddedQuery } from '../query/embedded.js';
import type { QueryMode } from '../query/parser.js';
import { field } from '../build/context.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { validateFile } from '../validate/explain.js';
import { conditionsIn, conditionsInValue, countPrimaries } from '../walk.js';
import { journeyProblems, journeyQueries } from './journey-file.js';
import { inFile, readObject, type FileContext, type Loaded } from './result.js';

const KINDS = ['audience', 'trait', 'journey'] as const;
type Kind = (typeof KINDS)[number];

/** What Segment takes in one definition (QUERY-LANGUAGE). */
const SEGMENT_PRIMARIES = 50;

/** Reads, validates and builds one definition file, outputs included; every problem of it is told. */
export function loadDefinition(context: FileContext): Loaded<readonly Definition[]> {
  const { root, problems, ...key } = readObject(context.source);
  if (root === undefined) return { ...key, diagnostics: inFile(problems, context.source, key.key) };

  const kind = kindOf(root);
  const found: Problem[] = [...problems];
  if (kind.problem !== undefined) found.push(kind.problem);
  if (kind.kind === undefined) return { ...key, diagnostics: inFile(found, context.source, key.key) };

  const at = kind.problem?.start;
  const misfits = validateFile(kind.kind, root).filter((problem) => problem.start !== at);
  found.push(...misfits);
  const read = READERS[kind.kind](context, root);
  found.push(...read.problems);
  if (kind.kind === 'journey' && misfits.length === 0) found.push(...journeyProblems(root));
  if (found.length > 0) return { ...key, diagnostics: inFile(found, context.source, key.key) };
  const value = read.build();
  return { ...key, value, diagnostics: inFile(warnings(value, root), context.source, key.key) };
}

interface Read {
  /** Of the query text in the file. */
  readonly problems: readonly Problem[];
  /** Builds a file without problems. */
  readonly build: () => readonly [Definition, ...Definition[]];
}

const READERS: Readonly<Record<Kind, (context: BuildContext, root: ObjectNode) => Read>> = {
  audience(context, root) {
    const { tree, problems } = queryOf(context, root, 'condition');
    const condition = (): Condition =>
      (tree as Condition | undefined) ?? buildCondition(context, field(root, 'definition') as JsonNode);
    return { problems, build: () => [buildAudience(context, root, condition())] };
  },
  trait(context, root) {
    const { tree, problems } = queryOf(context, root, 'value');
    const value = (): TraitValue =>
      (tree as TraitValue | undefined) ?? buildTraitValue(context, field(root, 'definition') as JsonNode);
    return { problems, build: () => [buildTrait(context, root, value())] };
  },
  journey(context, root) {
    const { trees, problems } = journeyQueries(context, root);
    return { problems, build: () => buildJourney(context, root, trees) };
  },
};

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
function queryOf(
  context: BuildContext,
  root: ObjectNode,
  mode: QueryMode,
): { readonly tree?: Condition | TraitValue; readonly problems: readonly Problem[] } {
  const form = field(root, 'definition');
  const text = form?.type === 'object' ? field(form, 'query') : undefined;
  if (text?.type !== 'string' || text.value === '') return { problems: [] };
  const result = parseEmbeddedQuery(context, text, mode);
  return result.tree === undefined ? { problems: result.problems } : { tree: result.tree, problems: [] };
}

function warnings([definition]: readonly [Definition, ...Definition[]], root: ObjectNode): Problem[] {
  const count = Math.max(...conditionSets(definition).map(countPrimaries));
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

/** The conditions that Segment would count together: a journey's each for itself. */
function conditionSets(definition: Definition): readonly Iterable<Condition>[] {
  switch (definition.kind) {
    case 'audience':
      return [conditionsIn(definition.condition)];
    case 'trait':
      return [conditionsInValue(definition.value)];
    case 'journey':
      return conditionsOfJourney(definition.journey).map(conditionsIn);
    case 'journey_step':
      return [];
  }
}
