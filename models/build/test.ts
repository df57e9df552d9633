import type { JsonEntry, JsonNode, ObjectNode } from '../source/json.js';
import { objectOf, treeOf } from '../source/tree.js';
import type { Expectation, JsonObject, TestCase, TestMessage, TestRows, TestStep } from '../test-case.js';
import { asArray, asObject, asString, field, mark, optionalString, strings } from './context.js';
import { buildDuration } from './leaves.js';
import {
  checkedKey,
  checkedMessage,
  checkedTable,
  laterThan,
  unknownList,
  type TestContext,
} from './test-checks.js';

/** The tests of a validated file, each standing at its name. */
export function buildTests(context: TestContext, root: ObjectNode): readonly TestCase[] {
  const lists = listsOf(context, field(root, 'messages'));
  return asArray(field(root, 'tests')).items.map((item) => buildTest(context, asObject(item), lists));
}

type Lists = ReadonlyMap<string, readonly TestMessage[]>;

function listsOf(context: TestContext, node: JsonNode | undefined): Lists {
  return new Map(
    entriesOf(node).map(({ key, node: list }) => [
      key,
      asArray(list).items.map((item) => messageOf(context, asObject(item))),
    ]),
  );
}

function buildTest(context: TestContext, node: ObjectNode, lists: Lists): TestCase {
  const listed = field(node, 'definitions');
  const about = listed === undefined ? [] : asArray(listed).items;
  for (const item of about) checkedKey(context, asString(item), item);
  const steps = asArray(field(node, 'steps')).items.map((item) => stepOf(context, asObject(item), lists));
  laterThan(context, node);
  const expected = steps.flatMap((step) => step.expect.map(({ key }) => key));
  const name = field(node, 'name') ?? node;
  const test: TestCase = {
    name: asString(name),
    file: context.source.file,
    definitions: [...new Set([...about.map(asString), ...expected])],
    steps,
  };
  return mark(context, test, name);
}

function stepOf(context: TestContext, node: ObjectNode, lists: Lists): TestStep {
  const landing = field(node, 'land');
  const expect = asObject(field(node, 'expect'));
  const step: TestStep = {
    land: (landing === undefined ? [] : asArray(landing).items).flatMap((item) => {
      if (item.type !== 'string') return [messageOf(context, asObject(item))];
      const list = lists.get(asString(item));
      if (list === undefined) unknownList(context, item, [...lists.keys()]);
      return list ?? [];
    }),
    tables: entriesOf(field(node, 'tables')).map((entry) => rowsOf(context, entry)),
    asOf: asString(field(node, 'as_of')),
    expect: [
      ...entriesOf(field(expect, 'members')).map((entry) => membersOf(context, entry)),
      ...entriesOf(field(expect, 'traits')).map((entry) => valuesOf(context, entry)),
    ],
  };
  return mark(context, step, field(node, 'as_of') ?? node);
}

function messageOf(context: TestContext, node: ObjectNode): TestMessage {
  const text = (key: string): string | undefined => optionalString(node, key);
  const json = (key: string): JsonObject | undefined => {
    const found = field(node, key);
    return found === undefined ? undefined : objectOf(asObject(found), context.source.text);
  };
  const ago = field(node, 'ago');
  const fallback = text('event') === undefined ? 'identify' : 'track';
  const fields: { readonly [K in keyof TestMessage]: TestMessage[K] | undefined } = {
    type: (text('type') as TestMessage['type'] | undefined) ?? fallback,
    event: text('event'),
    name: text('name'),
    userId: text('user_id'),
    anonymousId: text('anonymous_id'),
    groupId: text('group_id'),
    timestamp: ago === undefined ? text('timestamp') : buildDuration(ago),
    receivedAt: text('received_at'),
    properties: json('properties'),
    traits: json('traits'),
    context: json('context'),
    messageId: text('message_id'),
    sourceId: text('source_id'),
    source: text('source'),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const source = checkedMessage(context, node, given as unknown as TestMessage);
  return mark(
    context,
    { ...(given as unknown as TestMessage), ...(source === undefined ? {} : { source }) },
    node,
  );
}

function rowsOf(context: TestContext, entry: JsonEntry): TestRows {
  checkedTable(context, entry);
  const rows = asArray(entry.node).items.map((item) => objectOf(asObject(item), context.source.text));
  return mark(context, { table: entry.key, rows }, atKey(entry));
}

function membersOf(context: TestContext, entry: JsonEntry): Expectation {
  checkedKey(context, entry.key, atKey(entry), 'audience');
  const expectation: Expectation = { kind: 'members', key: entry.key, profiles: strings(entry.node) };
  return mark(context, expectation, atKey(entry));
}

function valuesOf(context: TestContext, entry: JsonEntry): Expectation {
  checkedKey(context, entry.key, atKey(entry), 'trait');
  const values = new Map(
    entriesOf(entry.node).map(({ key, node }) => [key, treeOf(node, context.source.text)]),
  );
  return mark(context, { kind: 'traits', key: entry.key, values }, atKey(entry));
}

const atKey = ({ start, keyEnd }: JsonEntry): { start: number; end: number } => ({ start, end: keyEnd });

function entriesOf(node: JsonNode | undefined): readonly JsonEntry[] {
  return node === undefined ? [] : asObject(node).entries;
}
