/**
 * TLS of a PostgreSQL target, as libpq means it: which ways to connect there are, in which order, and what a server has to show.
 * The driver's own reading of `sslmode` is another one, so it is never asked.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync, type Stats } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  checkServerIdentity,
  createSecureContext,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureVersion,
} from 'node:tls';
import { UserError } from '../../compiler/diagnostics/index.js';
import { codeOf, messageOf } from './error-codes.js';

/** Without TLS, or with it. */
export type Way = false | ConnectionOptions;

export interface TlsAsked {
  /** What the target says, or its URL. */
  readonly said: (name: string) => string | undefined;
  /** What relative paths of the target are relative to. */
  readonly projectDir: string;
  /** By a socket of this machine nobody speaks TLS, whatever the mode. */
  readonly socket: boolean;
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

/** The variable that names each file, and where it is looked for when nobody names one. */
const FILES = {
  sslrootcert: ['PGSSLROOTCERT', 'root.crt'],
  sslcrl: ['PGSSLCRL', 'root.crl'],
  sslcert: ['PGSSLCERT', 'postgresql.crt'],
  sslkey: ['PGSSLKEY', 'postgresql.key'],
} as const;
type FileName = keyof typeof FILES;

/** The ways to connect, to be tried in this order; a setting or a file that cannot be is a diagnostic. */
export function readTls(asked: TlsAsked): readonly Way[] {
  const roots = named(asked, 'sslrootcert');
  const system = roots?.path === 'system';
  const mode = modeOf(asked, system);
  if (mode === 'disable' || asked.socket) return [false];
  const ca = system ? undefined : file(asked, 'sslrootcert');
  if (mode.startsWith('verify') && !ca && !system) throw rootless(mode);
  const own = ownCertificate(asked);
  const crl = ca && file(asked, 'sslcrl');
  const base: ConnectionOptions = {
    ...own,
    ...versions(asked),
    ...(ca && { ca: ca.text }),
    ...(crl && { crl: crl.text }),
  };
  if (ca) usable('sslrootcert', ca.path, () => new X509Certificate(ca.text));
  if (crl) usable('sslcrl', crl.path, () => createSecureContext({ crl: crl.text }));
  const signed = { ...base, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  // Where there is a root certificate it is asked for who signed, in every mode.
  const any = ca ? signed : { ...base, rejectUnauthorized: false };
  switch (mode) {
    case 'allow':
      return [false, any];
    case 'prefer':
      return [any, false];
    case 'require':
      return [any];
    case 'verify-ca':
      return [signed];
    case 'verify-full':
      return [{ ...signed, checkServerIdentity: isFor }];
  }
}

/** Whether a certificate is for a host: a host that is an address may also be the common name, where there is no other name. */
function isFor(host: string, certificate: PeerCertificate): Error | undefined {
  const refused = checkServerIdentity(host, certificate);
  const bare = isIP(host) !== 0 && certificate.subjectaltname === undefined;
  return bare && certificate.subject.CN === host ? undefined : refused;
}

function modeOf({ said }: TlsAsked, system: boolean): Mode {
  // `ssl=true` is what JDBC's addresses say.
  const jdbc = said('ssl') === 'true' ? 'require' : undefined;
  const mode = said('sslmode') ?? jdbc ?? variable('PGSSLMODE') ?? (system ? 'verify-full' : 'prefer');
  const known = MODES.find((one) => one === mode);
  if (known === undefined) throw invalid(`"sslmode" must be one of ${MODES.join(', ')}`);
  // Anybody has a certificate that a public CA signed; what it is for is what counts.
  if (system && known !== 'verify-full' && known !== 'disable')
    throw invalid('"sslmode" must be verify-full where "sslrootcert" is "system"');
  return known;
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

function versions({ said }: TlsAsked): ConnectionOptions {
  const version = (name: string): SecureVersion | undefined => {
    const value = said(name);
    const known = VERSIONS.find((one) => one.toLowerCase() === value?.toLowerCase());
    if (value !== undefined && known === undefined)
      throw invalid(`"${name}" must be one of ${VERSIONS.join(', ')}`);
    return known;
  };
  const [least, most] = [version('ssl_min_protocol_version'), version('ssl_max_protocol_version')];
  return { ...(least && { minVersion: least }), ...(most && { maxVersion: most }) };
}

/** The certificate we show, if there is one, with its key. */
function ownCertificate(asked: TlsAsked): ConnectionOptions {
  const cert = file(asked, 'sslcert');
  if (!cert) return {};
  const key = file(asked, 'sslkey', (path, known) => privately(path, known));
  if (!key) {
    const where = join(folder(), FILES.sslkey[1]);
    throw invalid(`"sslkey": the certificate ${cert.path} is there, and its key ${where} is not`);
  }
  const passphrase = asked.said('sslpassword');
  const own = { cert: cert.text, key: key.text, ...(passphrase !== undefined && { passphrase }) };
  usable('sslcert', cert.path, () => new X509Certificate(cert.text));
  if (/ENCRYPTED/.test(key.text) && passphrase === undefined)
    throw invalid(`"sslkey": ${key.path} has a passphrase, and "sslpassword" is not given`);
  usable('sslkey', key.path, () => {
    try {
      createPrivateKey(own);
    } catch (error) {
      if (passphrase === undefined || !/DECRYPT/.test(codeOf(error) ?? '')) throw error;
      throw invalid(`"sslkey": ${key.path} has another passphrase than "sslpassword"`);
    }
  });
  usable('sslkey', key.path, () => createSecureContext(own));
  return own;
}

interface Named {
  readonly path: string;
  /** Somebody said so: then it has to be there. */
  readonly said: boolean;
}

function named({ said, projectDir }: TlsAsked, name: FileName): Named | undefined {
  const [env] = FILES[name];
  const path = said(name);
  if (path !== undefined) return { path: path === 'system' ? path : resolve(projectDir, path), said: true };
  const other = variable(env);
  return other === undefined ? undefined : { path: other, said: true };
}

function file(
  asked: TlsAsked,
  name: FileName,
  check?: (path: string, known: Stats) => void,
): { readonly path: string; readonly text: string } | undefined {
  const { path, said } = named(asked, name) ?? { path: join(folder(), FILES[name][1]), said: false };
  try {
    const known = statSync(path);
    check?.(path, known);
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (codeOf(error) === 'ENOENT' && !said) return undefined;
    throw invalid(`"${name}": ${messageOf(error)}`, { cause: error });
  }
}

const windows = process.platform === 'win32';

const folder = (): string =>
  windows ? join(process.env['APPDATA'] ?? '', 'postgresql') : join(homedir(), '.postgresql');

/** An empty variable says nothing. */
const variable = (name: string): string | undefined => process.env[name] || undefined;

/** Of a key of root the group may read; of any other's only the owner. */
function privately(path: string, { uid, mode }: Stats): void {
  if (windows || (mode & (uid === 0 ? 0o037 : 0o077)) === 0) return;
  throw invalid(`"sslkey": group or others may use ${path}`, {
    hint: `chmod 0600 ${path}; 0640 does where root owns it`,
  });
}

/** What cannot be read as what it should be is said before any server is asked, and with the name of the file. */
function usable(name: string, path: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw invalid(`"${name}": ${path} ${unreadable(error)}`, { cause: error });
  }
}

function unreadable(error: unknown): string {
  const code = codeOf(error) ?? '';
  if (/KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(code)) return 'is not the key of the certificate';
  return `cannot be read as PEM (${code === '' ? messageOf(error) : code})`;
}

function rootless(mode: Mode): UserError {
  const path = join(folder(), FILES.sslrootcert[1]);
  return invalid(`"sslmode" is ${mode}, and no root certificate says who may sign: ${path} is not there`, {
    hint: `"sslrootcert": the file of the CA that signs the server's certificate, or "system" with verify-full for the public ones`,
  });
}

function invalid(what: string, { hint, cause }: { hint?: string; cause?: unknown } = {}): UserError {
  return new UserError(
    {
      code: 'invalid-value',
      severity: 'error',
      message: `the PostgreSQL target's ${what}`,
      ...(hint !== undefined && { hint }),
    },
    2,
    { cause },
  );
}
