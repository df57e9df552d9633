import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { audiences, happened, traits } from './grocer-expected.js';
import { grocer, land, withWarehouse, type Query } from './grocer-warehouse.js';

const root = join(grocer, '../..');
const exec = promisify(execFile);

/** The second run is incremental: six months have landed, some of it late. */
const instants = ['2017-06-07', '2017-12-01'] as const;

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'grocer-run-'));
  for (const part of ['rollcall.json', 'models', 'destinations']) {
    await cp(join(grocer, part), join(project, part), { recursive: true });
  }
});

afterAll(() => rm(project, { recursive: true, force: true }));

const database = (): string => join(project, 'target', 'grocer.duckdb');

async function rollcall(...args: string[]): Promise<void> {
  const command = ['--import', 'tsx', join(root, 'cli/main.ts'), ...args, '--project', project];
  await exec(process.execPath, command, { cwd: root });
}

type Values = Record<string, unknown>;

/** Numbers come as numbers or as text, by their size: both are the same nine digits. */
const value = (raw: unknown): unknown =>
  typeof raw === 'string' && /^-?[\d.]+$/.test(raw) ? Number(raw) : raw;

const valuesOf = (entries: readonly (readonly [unknown, unknown])[]): Values =>
  Object.fromEntries(entries.map(([profile, raw]): [string, unknown] => [String(profile), value(raw)]));

/** What the SQL written by hand gives, by key. */
interface Expected {
  readonly members: Readonly<Record<string, readonly string[]>>;
  readonly values: Readonly<Record<string, Values>>;
}

async function expectedAt(query: Query, asOf: string): Promise<Expected> {
  await query(`CREATE TEMP MACRO as_of() AS TIMESTAMP '${asOf}'`);
  await query(happened);
  const members: Record<string, readonly string[]> = {};
  for (const [key, sql] of Object.entries(audiences))
    members[key] = (await query(sql)).map((row) => row['household'] as string).sort();
  const values: Record<string, Values> = {};
  for (const [key, sql] of Object.entries(traits))
    values[key] = valuesOf((await query(sql)).map((row) => [row['household'], row['value']]));
  return { members, values };
}

async function members(query: Query, key: string): Promise<string[]> {
  const rows = await query(`SELECT profile_id FROM rollcall.memberships WHERE audience_key = '${key}'`);
  return rows.map((row) => row['profile_id'] as string).sort();
}

async function values(query: Query, key: string): Promise<Values> {
  const rows = await query(`SELECT profile_id, value FROM rollcall.trait_values WHERE trait_key = '${key}'`);
  return valuesOf(rows.map((row) => [row['profile_id'], JSON.parse(row['value'] as string) as unknown]));
}

interface Message {
  type: string;
  userId: string;
  messageId: string;
  traits?: Values;
}

/** What a receiver knows after every identify so far: by trait, by user. */
async function received(destination: string): Promise<Record<string, Values>> {
  const text = await readFile(join(project, `target/out/${destination}.jsonl`), 'utf8');
  const messages = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);
  expect(new Set(messages.map((message) => message.messageId)).size).toBe(messages.length);
  const known: Record<string, Values> = {};
  for (const { type, userId, traits: told = {} } of messages) {
    if (type !== 'identify') continue;
    for (const [key, now] of Object.entries(told)) (known[key] ??= {})[userId] = value(now);
  }
  return known;
}

const holders = (told: Values = {}): string[] =>
  Object.keys(told)
    .filter((user) => told[user] === true)
    .sort();
const present = (told: Values = {}): Values =>
  Object.fromEntries(Object.entries(told).filter(([, now]) => now !== null && now !== 0));

describe.each(instants)('the grocer on %s', (asOf) => {
  let expected: Expected;
  beforeAll(async () => {
    await land(database(), { to: asOf });
    await rollcall('run', '--sync', '--as-of', `${asOf}T00:00:00Z`);
    expected = await withWarehouse(database(), (query) => expectedAt(query, asOf));
  }, 180_000);

  it('has in each audience whom the SQL written by hand has', async () => {
    await withWarehouse(database(), async (query) => {
      for (const key of Object.keys(audiences))
        expect(await members(query, key), key).toEqual(expected.members[key]);
    });
  });

  it('has the trait values that the SQL written by hand has', async () => {
    await withWarehouse(database(), async (query) => {
      for (const key of Object.keys(traits))
        expect(await values(query, key), key).toEqual(expected.values[key]);
    });
  });

  it('has told the CRM what is true, no more and no less', async () => {
    const known = await received('crm');
    expect(Object.keys(known).length).toBeGreaterThan(15);
    for (const [key, told] of Object.entries(known)) {
      if (key in audiences) expect(holders(told), key).toEqual(expected.members[key]);
      else expect(present(told), key).toEqual(present(expected.values[key]));
    }
  });
});
