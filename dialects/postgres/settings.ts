/** A PostgreSQL target's settings, checked, as the driver wants them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { OpenOptions } from '../warehouse.js';
import { passwordFor } from './password-file.js';

export interface PostgresSettings {
  /** What the driver is given; what is left out it finds in PGHOST and the like. */
  readonly config: ClientConfig;
  /** Tried in this order: `prefer` is with TLS, then without. */
  readonly tls: readonly (false | ConnectionOptions)[];
  /** `db.example.com:5432, database shop`: never a password. */
  readonly place: string;
  /** The project's schema, which the lock is for. */
  readonly schema: string;
}

const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof TLS_MODES)[number];

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
  const port = settings['port'] ?? (url?.port ? Number(url.port) : env['PGPORT']);
  const portNumber = port === undefined ? 5432 : Number(port);
  if (!(portNumber > 0 && portNumber < 65_536)) throw invalid('port', 'a port');
  const decoded = (part: string | undefined): string | undefined =>
    part === undefined || part === '' ? undefined : decodeURIComponent(part);
  const host = text('host') ?? url?.searchParams.get('host') ?? decoded(url?.hostname) ?? env['PGHOST'];
  const database = text('database') ?? decoded(url?.pathname.slice(1)) ?? env['PGDATABASE'];
  const user = text('user') ?? decoded(url?.username) ?? env['PGUSER'];
  const password = text('password') ?? decoded(url?.password) ?? env['PGPASSWORD'];
  const mode = text('sslmode') ?? url?.searchParams.get('sslmode') ?? env['PGSSLMODE'] ?? 'prefer';
  if (!TLS_MODES.some((known) => known === mode)) throw invalid('sslmode', `one of ${TLS_MODES.join(', ')}`);
  const file = (name: string): string | undefined => {
    const path = text(name) ?? url?.searchParams.get(name) ?? undefined;
    return path === undefined ? undefined : contents(name, resolve(projectDir, path));
  };
  const files = { ca: file('sslrootcert'), cert: file('sslcert'), key: file('sslkey') };
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
  const local = host === undefined || host.startsWith('/');
  return {
    config,
    tls: local && mode === 'prefer' ? [false] : tlsOf(mode as TlsMode, files),
    place: `${host ?? 'localhost'}:${portNumber}, database ${database ?? user ?? 'of the user'}`,
    schema: text('schema') ?? 'rollcall',
  };
}

type Files = Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>;

function tlsOf(mode: TlsMode, { ca, cert, key }: Files): readonly (false | ConnectionOptions)[] {
  const base: ConnectionOptions = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  // As libpq has it: `require` with a root certificate checks who signed.
  const unchecked = { ...base, rejectUnauthorized: false };
  const signed = { ...base, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  switch (mode) {
    case 'disable':
      return [false];
    case 'prefer':
      return [unchecked, false];
    case 'require':
      return [ca ? signed : unchecked];
    case 'verify-ca':
      return [signed];
    case 'verify-full':
      return [{ ...base, rejectUnauthorized: true }];
  }
}

function parsedUrl(url: string | undefined): URL | undefined {
  if (url === undefined) return undefined;
  const parsed = /^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  // Not the URL itself, which may hold a password.
  if (!parsed) throw invalid('url', 'like postgres://user@host:5432/database');
  return parsed;
}

function contents(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(
      {
        code: 'invalid-value',
        severity: 'error',
        message: `the PostgreSQL target's "${name}": ${String(error)}`,
      },
      2,
      { cause: error },
    );
  }
}

function invalid(name: string, expected: string): UserError {
  return new UserError({
    code: 'invalid-value',
    severity: 'error',
    message: `the PostgreSQL target's "${name}" must be ${expected}`,
  });
}
