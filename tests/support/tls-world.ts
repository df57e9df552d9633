/**
 * A PostgreSQL server with TLS of one test file's own, certificates of a CA of its own, and a home without any: what tests of TLS
 * start from. Nothing of the environment says how to connect.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import { Authority, type Pair } from './certificates.js';
import { ownPostgres, type OwnPostgres, type Reading } from './own-postgres.js';

const VARIABLES = [
  ...['PGSSLMODE', 'PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY', 'PGSSLCRL'],
  ...['PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGPASSWORD'],
];
/** In lines of pg_hba.conf. */
export const EVERYBODY = 'all all 127.0.0.1/32';
/** A passphrase, which no text may show. */
export const SECRET = 'hunter-2-phrase';

export type Over = Readonly<Record<string, unknown>>;

export interface Refusal {
  readonly exit: number;
  readonly text: string;
  readonly hint: string;
}

/** How the server sees whoever asks. */
export const MINE = 'select s.ssl, s.client_dn from pg_stat_ssl s where s.pid = pg_backend_pid()';

/** The world of the test file that is being read; all of it is there once tests run. */
export class TlsWorld {
  dir = '';
  home = '';
  server!: OwnPostgres;
  ca!: Authority;
  other!: Authority;
  /** Of the server as it is most of the time: for `localhost`. */
  ours!: Pair;
  /** Of the user whom tests connect as. */
  ann!: Pair;

  constructor() {
    beforeAll(async () => {
      this.dir = mkdtempSync(join(tmpdir(), 'rollcall-tls-'));
      this.ca = new Authority(this.dir, 'ours');
      this.other = new Authority(this.dir, 'theirs');
      this.ours = this.ca.sign('db.internal', { alt: 'DNS:localhost' });
      this.ann = this.ca.sign('ann');
      this.server = await ownPostgres();
      await this.server.sql(`create role ann login superuser password '${this.server.password}'`);
      await this.server.read(this.usual());
    });
    afterAll(async () => {
      await this.server.close();
      rmSync(this.dir, { recursive: true, force: true });
    });
    beforeEach(() => {
      this.home = mkdtempSync(join(this.dir, 'home-'));
      vi.stubEnv('HOME', this.home);
      for (const name of VARIABLES) vi.stubEnv(name, undefined);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });
  }

  /** The server as most are: with TLS, and by a password either way. */
  usual(): Reading {
    return { ...this.showing(this.ours), ssl: 'on', hba: [`host ${EVERYBODY} scram-sha-256`] };
  }

  /** The server with another certificate. */
  showing({ cert, key }: Pair): Reading {
    return { files: { ssl_cert_file: cert, ssl_key_file: key, ssl_ca_file: this.ca.cert } };
  }

  /** A target by keys. */
  target(over: Over): Over {
    const { port, password } = this.server;
    return { host: 'localhost', port, database: 'postgres', user: 'ann', password, ...over };
  }

  /** A target by its address. */
  url(query: string): string {
    return `postgres://ann:${this.server.password}@localhost:${this.server.port}/postgres?${query}`;
  }

  /** How the server sees whoever connects: in the clear, by TLS, or by TLS and with which certificate. */
  async seen(settings: Over): Promise<string> {
    const warehouse = await postgres.open({ settings, projectDir: this.dir, mode: 'read' });
    try {
      for await (const { rows } of warehouse.read(MINE)) {
        const [row] = rows;
        const shown = row?.['client_dn'] == null ? '' : ` ${String(row['client_dn'])}`;
        return row?.['ssl'] === true ? `TLS${shown}` : 'clear';
      }
      return 'nobody';
    } finally {
      await warehouse.close();
    }
  }

  by(over: Over): Promise<string> {
    return this.seen(this.target(over));
  }

  /** A file where libpq looks for it. */
  atHome(name: string, from: string): void {
    const folder = join(this.home, '.postgresql');
    mkdirSync(folder, { recursive: true });
    copyFileSync(from, join(folder, name));
    chmodSync(join(folder, name), 0o600);
  }
}

/** What somebody who is not let in is told; secrets are nowhere in it. */
export async function refusal(work: Promise<string>): Promise<Refusal> {
  const error = await work.then(
    (how) => new Error(`let in: ${how}`),
    (e: unknown) => e,
  );
  if (!(error instanceof UserError)) throw error;
  const [diagnostic] = error.diagnostics;
  const all = JSON.stringify(error.diagnostics);
  expect(all).not.toContain(SECRET);
  expect(all).not.toContain('PRIVATE KEY');
  return { exit: error.exit, text: diagnostic?.message ?? '', hint: diagnostic?.hint ?? '' };
}
