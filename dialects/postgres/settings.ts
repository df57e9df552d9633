/** A PostgreSQL target's settings, checked, as the driver wants them. */
import type { ClientConfig } from 'pg';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { OpenOptions } from '../warehouse.js';
import { passwordFor } from './password-file.js';
import { readTls, type Way } from './tls.js';

export interface PostgresSettings {
  /** What the driver is given; what is left out it finds in PGHOST and the like. */
  readonly config: ClientConfig;
  /** Tried in this order: `prefer` is with TLS, then without. */
  readonly tls: readonly Way[];
  /** Whether a password may be used over TLS only where it is bound to the server's certificate. */
  readonly bound: boolean;
  /** `db.example.com:5432, database shop`: never a password. */
  readonly place: string;
  /** The project's schema, which the lock is for. */
  readonly schema: string;
}

const SECONDS = 1000;
const CONNECT_TIMEOUT = 15;

/** Reads the target's settings; a wrong one is a diagnostic. */
export function readSettings({ settings, projectDir }: OpenOptions): PostgresSettings {
  const text = (name: string): string | undefined => {
    const value = settings[name];
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    throw invalid(name, 'a text');
  };
  const seconds = (name: string): number | undefined => {
    const value = settings[name];
    if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
    throw invalid(name, 'a number of seconds');
  };
  const { env } = process;
  const url = parsedUrl(text('url'));
  const query = queryOf(url);
  const port = settings['port'] ?? query('port') ?? (url?.port ? Number(url.port) : env['PGPORT']);
  const portNumber = port === undefined ? 5432 : Number(port);
  if (!(portNumber > 0 && portNumber < 65_536)) throw invalid('port', 'a port');
  const decoded = (part: string | undefined): string | undefined =>
    part === undefined || part === '' ? undefined : decodeURIComponent(part);
  const host = text('host') ?? query('host') ?? decoded(url?.hostname) ?? env['PGHOST'];
  const database =
    text('database') ?? query('dbname') ?? decoded(url?.pathname.slice(1)) ?? env['PGDATABASE'];
  const user = text('user') ?? query('user') ?? decoded(url?.username) ?? env['PGUSER'];
  const password = text('password') ?? query('password') ?? decoded(url?.password) ?? env['PGPASSWORD'];
  const said = (name: string): string | undefined => text(name) ?? query(name);
  const binding = said('channel_binding') ?? 'prefer';
  if (!['disable', 'prefer', 'require'].includes(binding))
    throw invalid('channel_binding', 'disable, prefer or require');
  const statementTimeout = seconds('statement_timeout');
  const config: ClientConfig = {
    ...(host !== undefined && { host }),
    port: portNumber,
    ...(database !== undefined && { database }),
    ...(user !== undefined && { user }),
    password: password ?? (() => passwordFor({ host, port: portNumber, database, user })),
    ...(statementTimeout !== undefined && { statement_timeout: statementTimeout * SECONDS }),
    connectionTimeoutMillis: (seconds('connect_timeout') ?? CONNECT_TIMEOUT) * SECONDS,
    keepAlive: true,
  };
  return {
    config,
    tls: readTls({ said, projectDir, socket: host?.startsWith('/') === true }),
    bound: binding === 'require',
    place: `${host ?? 'localhost'}:${portNumber}, database ${database ?? user ?? 'of the user'}`,
    schema: text('schema') ?? 'rollcall',
  };
}

function parsedUrl(url: string | undefined): URL | undefined {
  if (url === undefined) return undefined;
  const parsed = /^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  // Not the URL itself, which may hold a password.
  if (!parsed) throw invalid('url', 'like postgres://user@host:5432/database');
  return parsed;
}

/** What stands behind the `?` of an address counts more than what stands before; there `+` is no space. */
function queryOf(url: URL | undefined): (name: string) => string | undefined {
  const found = new URLSearchParams(url?.search.replaceAll('+', '%2B'));
  const lost = UNKEPT.find(({ name, unless }) => found.has(name) && !unless?.includes(found.get(name) ?? ''));
  if (lost) throw invalid('url', `without ${lost.name}, which Rollcall cannot see to`);
  return (name) => found.get(name) || undefined;
}

/** What an address may ask of a connection so that it is safer: it is not to be left out in silence. */
const UNKEPT: readonly { readonly name: string; readonly unless?: readonly string[] }[] = [
  { name: 'sslcrldir' },
  { name: 'requirepeer' },
  { name: 'require_auth' },
  { name: 'gssencmode', unless: ['disable', 'prefer'] },
];

function invalid(name: string, expected: string): UserError {
  return new UserError({
    code: 'invalid-value',
    severity: 'error',
    message: `the PostgreSQL target's "${name}" must be ${expected}`,
  });
}
