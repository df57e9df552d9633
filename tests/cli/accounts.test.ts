/** Mistakes about whose a condition is, in definitions of users and of accounts: each with its place. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CONFIG, emptyFolder, rollcall, type Shop } from './support.js';

const file = (key: string, definition: unknown, more: object = {}): Record<string, unknown> => ({
  kind: 'audience',
  key,
  name: key,
  ...more,
  definition,
});

let made: Shop;
beforeAll(async () => {
  made = await emptyFolder();
  await made.write('rollcall.json', {
    ...CONFIG,
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  await made.write('models/buyers.json', file('buyers', { event: 'Ordered' }));
  await made.write('models/pro.json', file('pro', { trait: 'plan', equals: 'pro' }, { of: 'accounts' }));
  await made.write('models/seats.json', {
    ...file('seats', { event: 'Ordered', count: {} }, { of: 'accounts' }),
    kind: 'trait',
  });
  await made.write('models/spent.json', {
    ...file('spent', { event: 'Ordered', count: {} }),
    kind: 'trait',
  });
  await made.execute(`create schema raw; create table raw.messages (message_id text, type text, event text, name text,
    timestamp timestamp, received_at timestamp, user_id text, anonymous_id text, group_id text, properties json, traits json);
    insert into raw.messages (message_id, type, timestamp, received_at, user_id, group_id, traits) values
    ('1', 'group', '2025-01-01', '2025-01-01', 'ann', 'acme', '{"plan": "pro", "employees": 3}'),
    ('2', 'identify', '2025-01-01', '2025-01-01', 'ann', null, '{"city": "Berlin"}')`);
});
afterAll(async () => made[Symbol.asyncDispose]());

interface Mistake {
  readonly name: string;
  readonly of: 'users' | 'accounts';
  readonly definition: unknown;
  readonly line: string;
  readonly hint?: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'users of a user',
    of: 'users',
    definition: { users: 'any', match: { event: 'Ordered' } },
    line: 'misplaced-operand "users" asks about the users of an account, and this definition is of users',
    hint: 'make it { "of": "accounts" }, or leave out "users"',
  },
  {
    name: 'users inside users',
    of: 'accounts',
    definition: { users: 'any', match: { users: 'all', match: { event: 'Ordered' } } },
    line: 'misplaced-operand "users" asks about the users of an account, and here it is users or events that are asked about',
    hint: 'take it out of the condition it stands in',
  },
  {
    name: 'a tag in a definition of users',
    of: 'users',
    definition: { event: 'Ordered', by: 'group_id' },
    line: 'misplaced-operand "by": "group_id" asks for events tagged with the account, and this definition is of users',
    hint: 'leave it out, or make the definition { "of": "accounts" }',
  },
  {
    name: 'an audience of users outside users',
    of: 'accounts',
    definition: { all: [{ event: 'Ordered' }, { audience: 'buyers' }] },
    line: 'misplaced-operand "buyers" is an audience of users, and here accounts are asked about',
    hint: 'ask its users: { "users": "any", "match": { "audience": "buyers" } }',
  },
  {
    name: 'a computed trait of users outside users',
    of: 'accounts',
    definition: { trait: 'spent', at_least: 1 },
    line: 'misplaced-operand "spent" is a trait of users, and here accounts are asked about',
    hint: 'ask its users: { "users": "any", "match": { "trait": "spent", … } }',
  },
  {
    name: 'a custom trait of users outside users',
    of: 'accounts',
    definition: { event: 'Ordered', where: { property: 'city', equals: { trait: 'city' } } },
    line: 'misplaced-operand "city" is a trait of users, and here accounts are asked about',
    hint: 'ask its users: { "users": "any", "match": { "trait": "city", … } }',
  },
  {
    name: 'a computed trait of accounts, of a user',
    of: 'users',
    definition: { trait: 'seats', at_least: 1 },
    line: 'misplaced-operand "seats" is a trait of accounts, and a user may belong to several with different values',
    hint: 'ask for the account in an audience of accounts, and for that audience here',
  },
  {
    name: 'a trait of group calls inside users',
    of: 'accounts',
    definition: { users: 'any', match: { trait: 'employees', at_least: 1 } },
    line: 'unknown-reference There is no trait "employees"',
  },
  {
    name: 'a trait that no group call has',
    of: 'accounts',
    definition: { trait: 'employes', at_least: 1 },
    line: 'unknown-reference There is no trait "employes"',
    hint: 'did you mean "employees"?',
  },
  {
    name: 'a quantifier there is not',
    of: 'accounts',
    definition: { users: 'some', match: { event: 'Ordered' } },
    line: 'invalid-value ',
  },
];

describe('a definition that asks the wrong one', () => {
  test.each(MISTAKES)('$name', async ({ of, definition, line, hint }) => {
    await made.write('models/bad.json', file('bad', definition, { of }));
    const { exit, stderr, stdout } = await rollcall(made.dir, ['validate']);
    await made.write('models/bad.json', file('bad', { event: 'Ordered' }, { of }));
    const printed = stdout + stderr;
    expect(exit).toBe(2);
    expect(printed).toMatch(/models\/bad\.json:\d+:\d+ /);
    expect(printed).toContain(line);
    if (hint !== undefined) expect(printed).toContain(`hint: ${hint}`);
  });

  test('two definitions of each other', async () => {
    await made.write('models/bad.json', file('bad', { audience: 'round' }));
    await made.write(
      'models/round.json',
      file('round', { users: 'any', match: { audience: 'bad' } }, { of: 'accounts' }),
    );
    const { exit, stderr, stdout } = await rollcall(made.dir, ['validate']);
    expect(exit).toBe(2);
    expect(stdout + stderr).toContain('cycle Definitions refer to each other in a circle: bad → round → bad');
  });
});
