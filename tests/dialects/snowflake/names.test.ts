/** Names, literals, settings and errors of Snowflake that need no Snowflake. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { UserError } from '../../../compiler/diagnostics/index.js';
import { connectionSettings } from '../../../dialects/snowflake/connections.js';
import { tablesOf } from '../../../dialects/snowflake/describe.js';
import { openError, statementError } from '../../../dialects/snowflake/errors.js';
import { readSettings } from '../../../dialects/snowflake/settings.js';
import {
  columnKind,
  fromSnowflake,
  literal,
  quoteIdentifier,
  quoteText,
  toSnowflake,
} from '../../../dialects/snowflake/types.js';
import type { StatementError } from '../../../dialects/warehouse.js';

describe('names', () => {
  it.each([
    ['memberships', 'memberships'],
    ['order', '"ORDER"'],
    ['at', '"AT"'],
    ['USER_ID', '"user_id"'],
    ['Plan', '"Plan"'],
    ['a b"c', '"a b""c"'],
    ['2x', '"2x"'],
    ['é', '"é"'],
    ['', '""'],
  ])('%j is written %s', (name, sql) => expect(quoteIdentifier(name)).toBe(sql));

  it.each(['user_id', 'USER_ID', 'User_Id', 'order', 'ORDER', 'x y', 'É', 'a$'])(
    '%j is the same name on its way there and back',
    (name) => expect(fromSnowflake(toSnowflake(name))).toBe(name),
  );

  it('of tables that differ in case alone stay apart', () => {
    const row = (table: string, column: string): Record<string, string | null> => ({
      table_schema: 'WEB',
      table_name: table,
      column_name: column,
      data_type: 'TEXT',
      collation_name: null,
    });
    const found = tablesOf([row('ORDERS', 'ID'), row('orders', 'id'), row('orders', 'Id')], {
      schema: 'web',
    });
    expect(found.map(({ table, columns }) => [table.name, columns.map(({ name }) => name)])).toEqual([
      ['orders', ['id']],
      ['ORDERS', ['ID', 'Id']],
    ]);
  });
});

describe('values', () => {
  it('of texts escape quotes and backslashes, which begin escapes there', () => {
    expect(quoteText(String.raw`a\'b` + '\n%;--')).toBe(String.raw`'a\\''b` + "\n%;--'");
    expect(quoteText('a\0b')).toBe(String.raw`'a\0b'`);
  });

  it('of instants do not depend on the session', () => {
    expect(literal({ type: 'timestamp', value: '-1' })).toBe(
      "cast('1969-12-31 23:59:59.999999' as timestamp_ntz(6))",
    );
  });

  it.each([
    ['NUMBER(18,0)', 'int'],
    ['NUMBER(38,0)', 'wide_decimal'],
    ['NUMBER(10,2)', 'decimal'],
    ['NUMBER(38,12)', 'wide_decimal'],
    ['TEXT', 'text'],
    ['TEXT COLLATE en-ci', 'other'],
    ['TIMESTAMP_TZ(9)', 'timestamptz'],
    ['TIMESTAMP_NTZ', 'timestamp'],
    ['OBJECT', 'json'],
    ['BINARY', 'other'],
  ])('of %s are of kind %s', (type, kind) => expect(columnKind(type)).toBe(kind));
});

const target = (settings: object): Parameters<typeof readSettings>[0] => ({
  settings: { type: 'snowflake', account: 'o-a', database: 'db', user: 'u', ...settings },
  projectDir: '/shop',
  mode: 'write',
});

describe('settings', () => {
  it('take a key pair before a token before a password', () => {
    const all = { password: 'secret-p', token: 'secret-t', private_key_path: 'keys/rsa.p8' };
    expect(readSettings(target(all)).options).toMatchObject({
      authenticator: 'SNOWFLAKE_JWT',
      privateKeyPath: '/shop/keys/rsa.p8',
    });
    const { private_key_path: _, ...noKey } = all;
    expect(readSettings(target(noKey)).options).toMatchObject({ authenticator: 'OAUTH', token: 'secret-t' });
    expect(readSettings(target({ password: 'secret-p' })).options).toMatchObject({ password: 'secret-p' });
  });

  it('name plain names in upper case and others exactly', () => {
    const { options } = readSettings(target({ password: 'p', schema: 'My Schema', role: 'loader' }));
    expect(options).toMatchObject({ database: 'DB', schema: '"My Schema"', role: 'LOADER' });
  });

  it('say what is missing', () => {
    expect(() => readSettings(target({}))).toThrow(/"password" must be set/);
    expect(() => readSettings(target({ authenticator: 'externalbrowser' }))).toThrow(
      /"authenticator" must be/,
    );
  });

  it('come from connections.toml where they name a connection', () => {
    const home = mkdtempSync(join(tmpdir(), 'rollcall-toml-'));
    try {
      mkdirSync(join(home, '.snowflake'));
      const file = join(home, '.snowflake', 'connections.toml');
      writeFileSync(file, '[prod]\naccount = "o-a"\nprivate_key_file = "/k.p8"\nuser = "u"\n');
      const env = { HOME: home };
      expect(connectionSettings('prod', env)).toEqual({
        account: 'o-a',
        private_key_path: '/k.p8',
        user: 'u',
      });
      expect(() => connectionSettings('dev', env)).toThrow(/no connection "dev"/);
      writeFileSync(file, '[prod]\npassword = "hush\n');
      expect(() => connectionSettings('prod', env)).toThrow(/cannot be read as TOML, line 2$/);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

describe('errors', () => {
  const failed = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code });

  it('of the session and of rights are of exit code 4, with a hint', () => {
    for (const code of ['390100', '390114', '390144', '000606', '003001']) {
      const error = statementError(failed(code), 'select 1', []);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).exit).toBe(4);
      expect((error as UserError).diagnostics[0]?.hint).toBeTruthy();
    }
  });

  it('of a statement say whether it may go another time', () => {
    const failure = (code: string): unknown =>
      (statementError(failed(code), 'select 1', []) as StatementError).failure;
    expect([failure('000625'), failure('ECONNRESET'), failure('401001'), failure('001003')]).toEqual([
      'transient',
      'unknown',
      'unknown',
      'refused',
    ]);
  });

  it('never show a secret', () => {
    const error = openError(failed('390100', 'user u with hush-hush was refused\nat hush-hush'), 'o-a', [
      'hush-hush',
    ]);
    expect(error.message).toContain('***');
    expect(error.message).not.toContain('hush');
  });
});
