/**
 * Passwords of a target that says none, from the file PGPASSFILE names, through the real client. Needs a server that asks for passwords
 * (scripts/with-postgres.sh).
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { CONFIG, emptyFolder, rollcall, SPENT, type Shop } from '../cli/support.js';
import { serverSettings } from '../engines/postgres.js';

const ROLE = String.raw`pass:wo\rd`;
const PASSWORD = String.raw`hunter:2\3`;
const DATABASE = 'shop:eu';
/** As a file has them: what separates fields, and what escapes it, with a backslash before. */
const [role, password, database] = [ROLE, PASSWORD, DATABASE].map((text) => text.replace(/[\\:]/g, '\\$&'));

let shop: Shop;
let admin: Warehouse;
let host: string;
let port: string;

beforeAll(async () => {
  const settings = await serverSettings();
  ({ hostname: host, port } = new URL(String(settings['url'])));
  admin = await postgres.open({ settings, projectDir: '/', mode: 'write' });
  await admin.execute(`create role "${ROLE}" login password '${PASSWORD}'`);
  await admin.execute(`create database "${DATABASE}" owner "${ROLE}"`);
});
afterAll(async () => {
  await admin.execute(`drop database if exists "${DATABASE}"`);
  await admin.execute(`drop role if exists "${ROLE}"`);
  await admin.close();
});
beforeEach(async () => {
  shop = await emptyFolder();
  vi.stubEnv('PGPASSFILE', join(shop.dir, 'passwords'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await shop[Symbol.asyncDispose]();
});

async function passwords(lines: readonly string[], mode = 0o600): Promise<void> {
  const file = join(shop.dir, 'passwords');
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(file, mode);
}

/** Who a session is, of a target that says no password. */
async function whoIs(): Promise<unknown> {
  const settings = { host, port: Number(port), database: DATABASE, user: ROLE, sslmode: 'disable' };
  const warehouse = await postgres.open({ settings, projectDir: '/', mode: 'read' });
  try {
    for await (const { rows } of warehouse.read('select current_user::text as who')) return rows[0]?.['who'];
    return undefined;
  } finally {
    await warehouse.close();
  }
}

describe('a line is for', () => {
  it('a host, a port, a database and a user, in which : and \\ are escaped', async () => {
    await passwords([`${host}:${port}:${database}:${role}:${password}`]);
    expect(await whoIs()).toBe(ROLE);
  });

  it.each([
    ['any host', () => `*:${port}:${database}:${role}`],
    ['any port', () => `${host}:*:${database}:${role}`],
    ['any database', () => `${host}:${port}:*:${role}`],
    ['any user', () => `${host}:${port}:${database}:*`],
    ['all of them', () => '*:*:*:*'],
  ])('%s', async (_, line) => {
    await passwords([`${line()}:${password}`]);
    expect(await whoIs()).toBe(ROLE);
  });

  it('what it says alone, and the first that fits counts', async () => {
    await passwords([
      '# host:port:database:user:password',
      '',
      `elsewhere:*:*:*:wrong`,
      `${host}:1:*:*:wrong`,
      `${host}:${port}:other:*:wrong`,
      `${host}:${port}:*:other:wrong`,
      `${host}:${port}:*:*:${password}`,
      '*:*:*:*:wrong',
    ]);
    expect(await whoIs()).toBe(ROLE);
  });
});

describe('is refused, with exit 4 and what to check, and the password is nowhere', () => {
  /** Runs a command; everything that was said. */
  async function refused(): Promise<string> {
    await shop.write('rollcall.json', {
      ...CONFIG,
      targets: {
        dev: {
          type: 'postgres',
          host,
          port: Number(port),
          database: DATABASE,
          user: ROLE,
          sslmode: 'disable',
        },
      },
    });
    await shop.write('models/spent.json', SPENT);
    const { exit, stdout, stderr } = await rollcall(shop.dir, ['run']);
    expect(exit).toBe(4);
    expect(stderr).toMatch(/warehouse-unavailable PostgreSQL at \S+, database \S+ cannot be opened/);
    expect(stderr).toMatch(/hint: [^\n]*~\/\.pgpass/);
    expect(stdout + stderr).not.toContain('hunter');
    return stderr;
  }

  it('a wrong password', async () => {
    await passwords(['*:*:*:*:hunter7']);
    expect(await refused()).toMatch(/password authentication failed/);
  });

  it.each([0o640, 0o604])('a file that others may read, left out as libpq does (%o)', async (mode) => {
    await passwords([`*:*:*:*:${password}`], mode);
    expect(await refused()).toMatch(
      /password file \S+passwords is left out, as group or others may use it: .*0600/,
    );
  });

  it('a file without a line for it', async () => {
    await passwords([`elsewhere:*:*:*:${password}`, `*:*:${password}`]);
    expect(await refused()).toMatch(/has none for \S+:shop:eu:/);
  });

  it('a file that is not there', async () => {
    expect(await refused()).toMatch(/asks for a password, and there is none/);
  });
});
