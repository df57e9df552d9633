/** The tables of examples in docs/semantics.md hold as they stand, by a run and by the reference evaluator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { evaluate } from '../reference/evaluate.js';
import { profileName, type Condition, type Definition, type Json, type Message } from '../reference/model.js';
import { World, type Published } from '../support/world.js';

const AS_OF = '2026-03-01T00:00:00Z';
const PARENT = '2026-02-10T00:00:00Z';
const page = readFileSync(join(import.meta.dirname, '../../docs/semantics.md'), 'utf8').replace(
  /\r\n/g,
  '\n',
);

/** Rows of the first table after a text, as their cells. */
function tableAfter(text: string): string[][] {
  const from = page.indexOf(text);
  if (from === -1) throw new Error(`no ${text}`);
  const lines = page.slice(from).split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** What stands between backticks. */
const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);
const fragment = (code: string | undefined): object => JSON.parse(`{${code ?? ''}}`) as object;

/** Properties whose `v` is a value as it is written; `—` is none. */
const valued = (code: string): Record<string, Json> => (code === '—' ? {} : { v: JSON.parse(code) as Json });

const messages: Message[] = [];
const definitions: Definition[] = [];
let count = 0;
function land(user: string, event: string, timestamp: string, properties: Record<string, Json> = {}): void {
  const message_id = `m${String(++count).padStart(5, '0')}`;
  messages.push({
    message_id,
    type: 'track',
    event,
    timestamp,
    received_at: timestamp,
    user_id: user,
    properties,
  });
}
const audience = (key: string, definition: Condition): void => {
  definitions.push({ kind: 'audience', key, definition });
};

interface Example {
  readonly title: string;
  readonly key: string;
  readonly holds: readonly string[];
  readonly fails: readonly string[];
}

const operators = tableAfter('### Operators by example').map(
  ([comparison = '', holds = '', fails = ''], i): Example => {
    const [test, , beside] = codes(comparison);
    const key = `operator_${i}`;
    const other = beside === undefined ? {} : { w: JSON.parse(beside) as Json };
    for (const value of [...codes(holds), ...codes(fails)]) {
      land(`${key} ${value}`, key, '2026-02-01T00:00:00Z', { ...valued(value), ...other });
    }
    audience(key, { event: key, where: { property: 'v', ...fragment(test) } });
    return { title: comparison, key, holds: codes(holds), fails: codes(fails) };
  },
);

const windows = tableAfter('### Windows by example').map(
  ([window = '', holds = '', fails = ''], i): Example => {
    const key = `window_${i}`;
    for (const at of [...codes(holds), ...codes(fails)]) land(`${key} ${at}`, key, at);
    audience(key, { event: key, ...fragment(codes(window)[0]) });
    return { title: window, key, holds: codes(holds), fails: codes(fails) };
  },
);

const children = tableAfter('A child of an event at').map(
  ([child = '', holds = '', fails = ''], i): Example => {
    const key = `child_${i}`;
    for (const at of [...codes(holds), ...codes(fails)]) {
      land(`${key} ${at}`, `${key} parent`, PARENT);
      land(`${key} ${at}`, key, at);
    }
    audience(key, { event: `${key} parent`, where: { event: key, ...fragment(codes(child)[0]) } });
    return { title: child, key, holds: codes(holds), fails: codes(fails) };
  },
);

const reducers = tableAfter('### Reducers by example').map(([values = '', reducer = '', value = ''], i) => {
  const key = `reducer_${i}`;
  codes(values).forEach((written, n) => {
    land(key, key, `2026-02-${String(n + 1).padStart(2, '0')}T00:00:00Z`, valued(written));
  });
  const [said] = codes(reducer);
  definitions.push({ kind: 'trait', key, definition: { event: key, ...fragment(said) } });
  const [written] = codes(value);
  // A count of 0 is stored nowhere, as what is missing is.
  const stored = written === undefined || written === '0' ? undefined : (JSON.parse(written) as Json);
  return { title: `${reducer} of ${values}`, key, stored };
});

let published: Published;
let reference: ReturnType<typeof evaluate>;
beforeAll(async () => {
  await using world = await World.create({ definitions, sources: ['raw'], traits: [] });
  await world.land(messages);
  await world.run(AS_OF);
  published = await world.published();
  reference = evaluate({ messages, definitions, asOf: AS_OF });
});

describe.each([
  ['operators', operators, 36],
  ['windows', windows, 8],
  ['children', children, 3],
])('%s by example', (_, examples, atLeast) => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(atLeast);
  });

  it.each(examples)('$title', ({ key, holds }) => {
    const expected = holds.map((value) => `u:${key} ${value}`).sort();
    expect(published.members.get(key)).toEqual(expected);
    expect(reference.members.get(key)?.map(profileName).sort()).toEqual(expected);
  });
});

describe('reducers by example', () => {
  it.each(reducers)('$title', ({ key, stored }) => {
    const text = published.traits.get(key)?.get(`u:${key}`);
    expect(text === undefined ? undefined : JSON.parse(text)).toEqual(stored);
    expect(reference.traitValues.get(key)?.get(`u:${key}`)).toEqual(stored);
  });
});
