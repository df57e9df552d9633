/** Where programs of PostgreSQL are, as `scripts/with-postgres.sh` looks for them, and whether tests of TLS can be. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** A program of the newest version that has it. */
export function postgresProgram(name: string): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const own = process.env['POSTGRES_BIN'];
  const homes = own === undefined ? versions.map((version) => join(DEBIAN, version, 'bin')) : [own];
  return homes.map((home) => join(home, name)).find((file) => existsSync(file));
}

/** Why there can be no server with TLS of a test's own; nothing where there can. */
export function whyNoTls(): string | undefined {
  if (spawnSync('openssl', ['version']).status !== 0) return 'openssl is not installed';
  if (postgresProgram('initdb') !== undefined) return undefined;
  return 'no PostgreSQL server is installed here (apt-get install postgresql)';
}
