/**
 * Whom a server lets in, and how, asked twice: of psql, which is libpq, and of the product. They have to say the same for every
 * `sslmode`, root certificate, certificate shown, and rule of the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { MINE, EVERYBODY, TlsWorld } from '../support/tls-world.js';
import { postgresProgram } from '../support/postgres-bin.js';
import type { Reading } from '../support/own-postgres.js';

const PSQL = postgresProgram('psql');
if (PSQL === undefined) process.stderr.write('not run: what psql says of TLS, as it is not installed\n');

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

const world = new TlsWorld();

/** A query of an address for each root certificate, and for each certificate that is shown. */
const root = (name: string): string =>
  ({ none: '', ours: `&sslrootcert=${world.ca.cert}`, other: `&sslrootcert=${world.other.cert}` })[name] ??
  '';
const shown = (name: string): string => {
  if (name === 'none') return '';
  const { cert, key } = name === 'ann' ? world.ann : world.other.sign('ann');
  return `&sslcert=${cert}&sslkey=${key}`;
};

async function bypsql(url: string): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: world.home };
  const child = spawn(PSQL ?? '', ['-XAtw', url, '-c', MINE], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let told = '';
  child.stdout.on('data', (chunk) => (told += String(chunk)));
  await once(child, 'close');
  if (child.exitCode !== 0) return 'refused';
  const [ssl, name = ''] = told.trim().split('|');
  return ssl === 't' ? `TLS ${name}`.trim() : 'clear';
}

const byUs = (url: string): Promise<string> =>
  world.seen({ url }).catch((error: unknown) => {
    if (error instanceof UserError) return 'refused';
    throw error;
  });

const password = [`host ${EVERYBODY} scram-sha-256`];
const ROOTS = ['none', 'ours', 'other'];
const SHOWN = ['none', 'ann', 'stranger'];

describe.skipIf(PSQL === undefined)('as psql has it', () => {
  it.each<[string, () => Reading, readonly string[], readonly string[]]>([
    ['by a password', () => ({ hba: password }), ROOTS, ['none', 'stranger']],
    ['by TLS alone', () => ({ hba: [`hostssl ${EVERYBODY} scram-sha-256`] }), ROOTS, ['none']],
    ['without TLS alone', () => ({ hba: [`hostnossl ${EVERYBODY} scram-sha-256`] }), ROOTS, ['none']],
    ['of another name', () => world.showing(world.ca.sign('db.example.com')), ROOTS, ['none']],
    ['expired', () => world.showing(world.ca.sign('localhost', { days: -1 })), ROOTS, ['none']],
    ['without TLS', () => ({ ssl: 'off' }), ROOTS, ['none']],
    ['by a certificate', () => ({ hba: [`hostssl ${EVERYBODY} cert`] }), ['none', 'ours'], SHOWN],
    [
      'by a certificate, or without TLS',
      () => ({ hba: [`hostssl ${EVERYBODY} cert`, `hostnossl ${EVERYBODY} scram-sha-256`] }),
      ['none', 'ours'],
      SHOWN,
    ],
  ])('a server %s', async (_what, reading, roots, certificates) => {
    await world.server.read({ ...world.usual(), ...reading() });
    const [theirs, ours]: [Record<string, string>, Record<string, string>] = [{}, {}];
    for (const own of certificates) {
      for (const name of roots) {
        const query = root(name) + shown(own);
        for (const mode of MODES) {
          const cell = `${mode}, root ${name}, showing ${own}`;
          const url = world.url(`sslmode=${mode}${query}`);
          [theirs[cell], ours[cell]] = await Promise.all([bypsql(url), byUs(url)]);
        }
      }
    }
    expect(ours).toEqual(theirs);
  });
});
