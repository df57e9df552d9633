/** A PostgreSQL server of one test file's own, whose settings and rules it may change: what `scripts/with-postgres.sh` starts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const SCRIPT = fileURLToPath(new URL('../../scripts/with-postgres.sh', import.meta.url));
/** Tells the address, and ends when nobody listens any more. */
const CHILD = `console.log(process.env.ROLLCALL_POSTGRES_URL); process.stdin.resume().on('end', () => process.exit());`;

/** The administrator always gets in, so that rules can be changed again. */
const ADMIN = 'host all rollcall 127.0.0.1/32 scram-sha-256';

export interface Reading {
  /** Files the server gets a copy of, by the setting that names them; null takes one away. */
  readonly files?: Readonly<Record<'ssl_cert_file' | 'ssl_key_file' | 'ssl_ca_file', string | null>>;
  readonly ssl?: 'on' | 'off';
  /** Lines of pg_hba.conf. */
  readonly hba?: readonly string[];
}

export interface OwnPostgres {
  readonly port: number;
  /** Of its administrator. */
  readonly password: string;
  /** The folder of its socket. */
  readonly sockets: string;
  sql(...statements: readonly string[]): Promise<void>;
  /** Changes settings, and returns when new connections meet them. */
  read(what: Reading): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const child = spawn('bash', [SCRIPT, process.execPath, '-e', CHILD], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (!first) throw new Error(`no server was started: exit ${child.exitCode ?? 'by a signal'}`);
  const url = new URL(String(first[0]).trim());
  const asked = async (text: string, values: readonly unknown[] = []): Promise<readonly unknown[][]> => {
    const client = new pg.Client({ connectionString: url.href, ssl: false });
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' });
      return rows;
    } finally {
      await client.end();
    }
  };
  const sql = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await asked(statement);
  };
  /** Only the server's own user can write there what the server then takes. */
  const put = (name: string, text: string): Promise<void> =>
    sql(`copy (select ${quoted(text)}) to program 'umask 077; base64 -d > ${name}'`);
  const loaded = async (): Promise<string> =>
    String((await asked('select pg_conf_load_time()::text'))[0]?.[0]);
  return {
    port: Number(url.port),
    password: decodeURIComponent(url.password),
    sockets: String((await asked('show unix_socket_directories'))[0]?.[0]),
    sql,
    read: async ({ files = {}, ssl, hba }) => {
      for (const [setting, file] of Object.entries(files)) {
        if (file !== null) await put(setting, readFileSync(file, 'base64'));
        await sql(`alter system set ${setting} = '${file === null ? '' : setting}'`);
      }
      if (ssl) await sql(`alter system set ssl = ${ssl}`);
      if (hba)
        await put(
          'pg_hba.conf',
          Buffer.from(`${[ADMIN, 'local all all scram-sha-256', ...hba].join('\n')}\n`).toString('base64'),
        );
      const before = await loaded();
      await sql('select pg_reload_conf()');
      while ((await loaded()) === before) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
