/** A Snowflake target's settings, checked, as the driver takes them. */
import { resolve } from 'node:path';
import type { ConnectionOptions } from 'snowflake-sdk';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { OpenOptions } from '../warehouse.js';
import { connectionSettings } from './connections.js';
import { toSnowflake } from './types.js';

export interface SnowflakeSettings {
  readonly account: string;
  /** Its name in Snowflake. */
  readonly database: string;
  readonly warehouse: string | undefined;
  readonly options: ConnectionOptions;
  /** What no text may show. */
  readonly secrets: readonly string[];
}

/** Reads the target's settings; what they lack comes from the connection they name. A wrong one is a diagnostic. */
export function readSettings({ settings, projectDir }: OpenOptions): SnowflakeSettings {
  const named = settings['connection'];
  const all: Readonly<Record<string, unknown>> =
    typeof named === 'string' ? { ...connectionSettings(named), ...settings } : settings;
  const optional = (name: string): string | undefined => {
    const value = all[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw invalid(name, 'text');
    return value;
  };
  const required = (name: string): string => {
    const value = optional(name);
    if (value === undefined) throw invalid(name, 'set, in the target or in the connection it names');
    return value;
  };
  const account = required('account');
  const database = required('database');
  const { options, secrets } = authentication(optional, required, projectDir);
  const warehouse = optional('warehouse');
  const role = optional('role');
  const { host, port, protocol } = address(all, optional);
  return {
    account,
    database: toSnowflake(database),
    warehouse,
    secrets: secrets.filter((secret) => secret.length > 2).sort((a, b) => b.length - a.length),
    options: {
      account,
      ...options,
      database: exact(database),
      schema: exact(optional('schema') ?? 'rollcall'),
      ...(warehouse !== undefined && { warehouse: exact(warehouse) }),
      ...(role !== undefined && { role: exact(role) }),
      ...(host !== undefined && {
        host,
        accessUrl: `${protocol}://${host}${port === undefined ? '' : `:${port}`}`,
      }),
      application: 'Rollcall',
      clientSessionKeepAlive: true,
      // A session either opens soon or says why not: the driver would try for five minutes.
      sfRetryMaxLoginRetries: 2,
      retryTimeout: 300,
      rowMode: 'array',
      streamResult: true,
      fetchAsString: ['Number', 'JSON'],
      representNullAsStringNull: false,
    },
  };
}

/** Names in a session's settings are read as identifiers: what is not plain goes in quotes. */
function exact(name: string): string {
  const there = toSnowflake(name);
  return /^[A-Z_][A-Z0-9_$]*$/.test(there) ? there : `"${there.replaceAll('"', '""')}"`;
}

type Reader = (name: string) => string | undefined;

/** A key pair, an OAuth token or a password: the first there is, or what `authenticator` says. */
function authentication(
  optional: Reader,
  required: (name: string) => string,
  projectDir: string,
): { readonly options: Partial<ConnectionOptions>; readonly secrets: readonly string[] } {
  const wanted = optional('authenticator')?.toLowerCase();
  const method =
    wanted ?? (optional('private_key_path') ? 'snowflake_jwt' : optional('token') ? 'oauth' : 'snowflake');
  switch (method) {
    case 'snowflake_jwt': {
      const passphrase = optional('private_key_passphrase');
      return {
        options: {
          authenticator: 'SNOWFLAKE_JWT',
          username: required('user'),
          privateKeyPath: resolve(projectDir, required('private_key_path')),
          ...(passphrase !== undefined && { privateKeyPass: passphrase }),
        },
        secrets: passphrase === undefined ? [] : [passphrase],
      };
    }
    case 'oauth': {
      const [user, token] = [optional('user'), required('token')];
      return {
        options: { authenticator: 'OAUTH', token, ...(user !== undefined && { username: user }) },
        secrets: [token],
      };
    }
    case 'snowflake': {
      const password = required('password');
      return { options: { username: required('user'), password }, secrets: [password] };
    }
    default:
      throw invalid('authenticator', '"snowflake_jwt", "oauth" or "snowflake"');
  }
}

function address(
  all: Readonly<Record<string, unknown>>,
  optional: Reader,
): { readonly host: string | undefined; readonly port: number | undefined; readonly protocol: string } {
  const protocol = optional('protocol') ?? 'https';
  if (protocol !== 'https' && protocol !== 'http') throw invalid('protocol', '"https" or "http"');
  const port = all['port'] === undefined ? undefined : Number(all['port']);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw invalid('port', 'a port number');
  }
  return { host: optional('host'), port, protocol };
}

function invalid(name: string, expected: string): UserError {
  return new UserError({
    code: 'invalid-value',
    severity: 'error',
    message: `the Snowflake target's "${name}" must be ${expected}`,
  });
}
