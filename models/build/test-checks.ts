/** What no schema can say of a test: names that must exist, messages that a source must take. */
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import { nounOf, shapeOf, type DefinitionKind, type SourceConfig } from '../definition.js';
import { parseInstant } from '../instant.js';
import type { JsonEntry, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import type { TestMessage } from '../test-case.js';
import { asArray, asObject, asString, field, type BuildContext } from './context.js';

/** What the tests of a file are checked against, and where what is wrong with them goes. */
export interface TestContext extends BuildContext {
  readonly kinds: ReadonlyMap<string, DefinitionKind>;
  /** Keys of definitions that could not be read: naming one is no mistake of the test. */
  readonly brokenKeys: ReadonlySet<string>;
  readonly sources: readonly SourceConfig[];
  /** Queries and macros of the project: only a warehouse knows what columns they have, and what they read. */
  readonly queries: readonly string[];
  /** Tables that entities are. */
  readonly entityTables: readonly string[];
  readonly problems: Problem[];
}

interface At {
  readonly start: number;
  readonly end: number;
}

/** A key must be a definition's and, where something is expected of it, a trait's or one's that has members. */
export function checkedKey(context: TestContext, key: string, at: At, kind?: 'audience' | 'trait'): void {
  const { kinds, brokenKeys, problems } = context;
  const { start, end } = at;
  const found = kinds.get(key);
  const fits = (of: DefinitionKind): boolean => kind === undefined || shapeOf(of) === kind;
  if (found === undefined) {
    if (brokenKeys.has(key) || (kind !== 'audience' && isMentioned(context, key))) return;
    const known = [...kinds].filter(([, of]) => fits(of)).map(([name]) => name);
    const message = `there is no ${kind ?? 'definition'} ${JSON.stringify(key)}`;
    const hint = didYouMean(key, known);
    problems.push({ code: 'unknown-reference', message, ...(hint && { hint }), start, end });
  } else if (!fits(found)) {
    const message = `${JSON.stringify(key)} is ${nounOf(found)}`;
    const hint = `expect it under "${found === 'trait' ? 'traits' : 'members'}"`;
    problems.push({ code: 'invalid-value', message, hint, start, end });
  }
}

/** Whether a query says a name, so that it may be a column of it, or a table it reads. */
const isMentioned = ({ queries }: TestContext, name: string): boolean =>
  name !== '' && queries.some((text) => text.toLowerCase().includes(name.toLowerCase()));

export function unknownList(
  context: TestContext,
  at: At & { readonly value: unknown },
  known: readonly string[],
): void {
  const name = String(at.value);
  const hint =
    didYouMean(name, known) ??
    (known.length === 0 ? 'add it under "messages", beside "tests"' : `there are ${orList([...known])}`);
  const message = `there is no list of messages ${JSON.stringify(name)}`;
  context.problems.push({ code: 'unknown-reference', message, hint, start: at.start, end: at.end });
}

/** Rows can land only where a source or an entity reads them. */
export function checkedTable(context: TestContext, { key, start, keyEnd }: JsonEntry): void {
  const name = key.toLowerCase();
  const tables = [...context.sources.flatMap((source) => source.table ?? []), ...context.entityTables];
  const schemas = context.sources.flatMap((source) => source.schema ?? []);
  if (tables.some((table) => table.toLowerCase() === name)) return;
  if (schemas.some((schema) => name.startsWith(`${schema.toLowerCase()}.`))) return;
  if (isMentioned(context, key)) return;
  const known = [...tables, ...schemas.map((schema) => `${schema}.…`)];
  context.problems.push({
    code: 'unknown-reference',
    message: `no source or entity reads a table ${JSON.stringify(key)}`,
    hint: didYouMean(key, tables) ?? `there are read ${orList(known)}`,
    start,
    end: keyEnd,
  });
}

/** Steps run in order of time, as runs do. */
export function laterThan(context: TestContext, test: ObjectNode): void {
  let before: bigint | undefined;
  for (const step of asArray(field(test, 'steps')).items) {
    const node = field(asObject(step), 'as_of');
    const micros = parseInstant(asString(node));
    if (node !== undefined && before !== undefined && micros !== undefined && micros < before) {
      const message = 'this step is before the one above it';
      const { start, end } = node;
      context.problems.push({
        code: 'invalid-value',
        message,
        hint: 'steps are runs, the earliest first',
        start,
        end,
      });
    }
    before = micros;
  }
}

/** Checks a message and finds the source it lands in; undefined when there is none, which is a problem too. */
export function checkedMessage(
  context: TestContext,
  node: ObjectNode,
  message: TestMessage,
): string | undefined {
  const at = { start: node.start, end: node.start + 1 };
  const missing = (what: string, hint?: string): void => {
    context.problems.push({ code: 'missing-key', message: what, ...(hint && { hint }), ...at });
  };
  const { type, event, traits, groupId, userId, anonymousId } = message;
  if (type === 'identify' && field(node, 'type') === undefined && traits === undefined) {
    missing('the message has neither "event" nor "traits"', 'pages and screens say so: "type": "page"');
  } else if (type === 'track' && event === undefined) missing('"event" is missing');
  else if (type === 'group' && groupId === undefined) missing('"group_id" is missing');
  if (userId === undefined && anonymousId === undefined) {
    missing('the message is nobody’s', 'add a "user_id" or an "anonymous_id"');
  }
  return sourceOf(context, node, message);
}

function sourceOf(context: TestContext, node: ObjectNode, message: TestMessage): string | undefined {
  const { sources, problems } = context;
  const asked = field(node, 'source');
  if (asked === undefined) {
    const taking = sources.filter((source) => takes(source, message));
    // A fact table of that very event is where it comes from, also beside a stream of everything.
    const found = taking.find((source) => source.layout === 'table') ?? taking[0];
    if (found !== undefined || sources.length === 0) return found?.name;
    problems.push({
      code: 'invalid-value',
      message: `no source takes ${messageNoun(message)}`,
      hint: `the sources are tables of ${orList(sources.flatMap((source) => source.event ?? []))}`,
      start: node.start,
      end: node.start + 1,
    });
    return undefined;
  }
  const { start, end } = asked;
  const name = asString(asked);
  const source = sources.find((other) => other.name === name);
  const names = sources.map((other) => other.name);
  if (source === undefined) {
    const hint = didYouMean(name, names) ?? `the sources are ${orList(names)}`;
    const problem = `there is no source ${JSON.stringify(name)}`;
    problems.push({ code: 'unknown-reference', message: problem, hint, start, end });
  } else if (!takes(source, message)) {
    const problem = `source ${JSON.stringify(name)} takes ${JSON.stringify(source.event)} only, not ${messageNoun(message)}`;
    problems.push({ code: 'invalid-value', message: problem, start, end });
  }
  return source?.name;
}

const takes = (source: SourceConfig, message: TestMessage): boolean =>
  source.layout !== 'table' || (message.type === 'track' && message.event === source.event);

const messageNoun = ({ type, event }: TestMessage): string =>
  type === 'track' ? `the event ${JSON.stringify(event ?? '')}` : `a message of type ${type}`;
