/** Secrets of a target are seen by the engine, and by nobody else. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { hiding, secretsIn, withoutSecrets } from '../../dialects/secrets.js';
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import { around, StatementError } from '../../dialects/warehouse.js';
import { doctor, runProject, type RunOptions } from '../../runtime/index.js';
import { BUYERS, REVENUE, Shop, order } from './shop.js';

const PLANTED = {
  password: 'hunter2 & "co"',
  token: 'tok-5f4dcc3b',
  url: 'postgres://app:p%40ss-9d2e@db.example.com/shop?sslpassword=key-pass-77',
  auth: { private_key: '-----BEGIN PRIVATE KEY-----\nMIIEvQ-planted\n-----END PRIVATE KEY-----' },
};
const AS_TEXT = Object.values(PLANTED)
  .map((value) => (typeof value === 'string' ? value : value.private_key))
  .join(' ');
/** Pieces none of which may be found anywhere. */
const SECRETS = ['hunter2', 'tok-5f4dcc3b', 'p%40ss-9d2e', 'p@ss-9d2e', 'key-pass-77', 'MIIEvQ-planted'];

let shop: Shop;
afterEach(async () => shop?.dispose());

it('knows what is secret among settings, and what is not', () => {
  const hide = hiding(secretsIn(PLANTED));
  const text = JSON.stringify(PLANTED) + AS_TEXT + decodeURIComponent(PLANTED.url);
  for (const secret of SECRETS) expect(hide(text)).not.toContain(secret);
  expect(hide(text)).toContain('db.example.com/shop');
  const harmless = {
    type: 'bigquery',
    project: 'shop-prod',
    path: 'keys/warehouse.duckdb',
    schema: 'passengers',
  };
  expect(secretsIn(harmless)).toEqual([]);
  expect(secretsIn({ dsn: "host=db user=app password='se cret' dbname=shop" })).toEqual(['se cret']);
});

it('cleans errors, their causes and their stacks', () => {
  const hide = hiding(secretsIn(PLANTED));
  const cause = new Error('FATAL: hunter2 & "co" is not the password');
  const error = withoutSecrets(new StatementError('refused: tok-5f4dcc3b', 'select 1', { cause }), hide);
  expect(error).toBeInstanceOf(StatementError);
  expect((error as StatementError).message).toBe('refused: ***');
  expect(`${(error as Error).stack}${cause.stack}`).not.toMatch(/hunter2|tok-5f/);
  const user = new UserError(
    { code: 'locked', severity: 'error', message: 'tok-5f4dcc3b', hint: 'tok-5f4dcc3b' },
    3,
  );
  expect(withoutSecrets(user, hide)).toMatchObject({
    exit: 3,
    message: 'locked: ***',
    diagnostics: [{ message: '***', hint: '***' }],
  });
});

/** An engine that quotes all it was told whenever it fails. */
const indiscreet =
  (when: (sql: string) => boolean, opening = false) =>
  async (): Promise<Dialect> => {
    const real = await dialectFor('duckdb');
    return {
      ...real,
      open: async (options) => {
        const all = `${JSON.stringify(options.settings)} ${AS_TEXT} p@ss-9d2e`;
        if (opening) {
          throw new UserError(
            { code: 'warehouse-unavailable', severity: 'error', message: all, hint: all },
            4,
          );
        }
        const settings = { path: 'warehouse.duckdb', threads: 1 };
        const warehouse = await real.open({ ...options, settings });
        const fail = (sql: string): void => {
          if (when(sql)) throw new StatementError(all, sql, { cause: new Error(all) });
        };
        return around(warehouse, {
          execute: async (sql, call) => {
            fail(sql);
            return warehouse.execute(sql, call);
          },
          async *read(sql, call) {
            fail(sql);
            yield* warehouse.read(sql, call);
          },
        });
      },
    };
  };

/** Everything under the project's folder, the database included, and all that was said. */
async function everything(said: readonly unknown[]): Promise<string> {
  const files = await readdir(shop.dir, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((f) => f.isFile()).map((f) => readFile(join(f.parentPath, f.name), 'latin1')),
  );
  return [...texts, JSON.stringify([said, shop.events])].join('\n');
}

describe('what a run leaves and says', () => {
  it.each([
    ['a definition fails', (sql: string) => /insert into "?rollcall_stage_/i.test(sql), false],
    ['landing fails', (sql: string) => /^(insert|merge) into [^]*identity_pairs/i.test(sql), false],
    ['reading fails', (sql: string) => /^select/i.test(sql), false],
    ['opening fails', () => false, true],
  ] as const)('has no secret in it when %s', async (_, when, opening) => {
    shop = await Shop.create({ buyers: BUYERS, revenue: REVENUE });
    await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 160));
    await shop.run('2025-01-02T00:00:00Z');
    await shop.land(order('2', 'bob', '2025-01-02T10:00:00Z', 160)); // else there is nothing to compute
    const given = await shop.options();
    const target = { ...PLANTED, type: 'duckdb', schema: 'rollcall' };
    const config = { ...given.project.config, targets: { dev: target }, target: 'dev' };
    const options: RunOptions = {
      ...given,
      project: { ...given.project, config },
      dialectFor: indiscreet(when, opening),
      asOf: '2025-01-03T00:00:00Z',
    };
    const said: unknown[] = [];
    const keep = (error: unknown): void => {
      const { message, stack, diagnostics } = error as UserError;
      said.push({ message, stack, diagnostics });
    };
    said.push(await runProject(options).catch(keep));
    said.push(await doctor(options).catch(keep));
    const all = await everything(said);
    for (const secret of SECRETS) expect(all).not.toContain(secret);
    expect(all).toContain('***');
  });
});
