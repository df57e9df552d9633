import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Io } from '../../cli/io.js';
import { main } from '../../cli/program.js';
import { attachedDuckDB, dialectHere } from '../engines/duckdb-attached.js';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The present of these tests. */
export const NOW = '2025-03-01T12:00:00.000Z';

let runs = 0;

/** Runs one command line in this process. */
export async function rollcall(
  cwd: string,
  argv: readonly string[],
  io: Partial<Io> & { tty?: boolean } = {},
): Promise<Ran> {
  const [out, err] = [sink(io.tty === true), sink(false)];
  const exit = await main(argv, {
    stdout: out,
    stderr: err,
    env: {},
    cwd,
    now: () => NOW,
    newRunId: () => `run${++runs}`,
    dialectFor: dialectHere,
    ...io,
  });
  return { exit, stdout: out.text(), stderr: err.text() };
}

function sink(isTTY: boolean) {
  const parts: string[] = [];
  return {
    isTTY,
    columns: 120,
    write: (text: string) => {
      parts.push(text);
      return true;
    },
    text: () => parts.join(''),
  };
}

export interface Shop extends AsyncDisposable {
  readonly dir: string;
  write(file: string, content: unknown): Promise<void>;
  execute(sql: string): Promise<void>;
}

/** A folder for one test, gone afterwards. */
export async function emptyFolder(): Promise<Shop> {
  const dir = await mkdtemp(join(tmpdir(), 'rollcall-cli-'));
  return {
    dir,
    async write(file, content) {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(
        join(dir, file),
        typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`,
      );
    },
    async execute(sql) {
      const settings = { type: 'duckdb', path: 'warehouse.duckdb' };
      const warehouse = await attachedDuckDB.open({ settings, projectDir: dir, mode: 'write' });
      try {
        await warehouse.execute(sql);
      } finally {
        await warehouse.close();
      }
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

export const MESSAGES = `
  create schema raw;
  create table raw.messages (message_id varchar, type varchar, event varchar, name varchar, "timestamp" timestamp,
    received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties json, traits json, context json);
`;

/** Orders: a buys 10 on 10 February, b 20 on 20 February, c 5 on 1 January. */
export const ORDERS = `
  insert into raw.messages (message_id, type, event, "timestamp", received_at, user_id, properties)
  select id, 'track', 'Order Completed', happened, happened, who, json_object('revenue', revenue)
  from (values ('1', timestamp '2025-02-10', 'a', 10), ('2', timestamp '2025-02-20', 'b', 20),
    ('3', timestamp '2025-01-01', 'c', 5)) as t(id, happened, who, revenue);
`;

export const BUYERS = {
  kind: 'audience',
  key: 'buyers',
  name: 'Buyers',
  of: 'users',
  tags: ['daily'],
  destinations: ['crm'],
  definition: { event: 'Order Completed', within: '30 days', count: { at_least: 1 } },
};

export const SPENT = {
  kind: 'trait',
  key: 'spent',
  name: 'Spent',
  of: 'users',
  definition: { event: 'Order Completed', sum: { property: 'revenue' } },
};

export const CRM = {
  kind: 'destination',
  key: 'crm',
  type: 'file',
  settings: { path: 'target/out/crm.jsonl' },
};

export const CONFIG = {
  name: 'shop',
  target: 'dev',
  targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb' } },
  sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
};

/** A project on a warehouse with three orders. */
export async function shop(): Promise<Shop> {
  const made = await emptyFolder();
  await made.write('rollcall.json', CONFIG);
  await made.write('models/buyers.json', BUYERS);
  await made.write('models/spent.json', SPENT);
  await made.write('destinations/crm.json', CRM);
  await made.execute(`${MESSAGES}${ORDERS}`);
  return made;
}

/** The one document of `--json`; fails when there is anything else on standard output. */
export function documentOf<T>(ran: Ran): T {
  return JSON.parse(ran.stdout) as T;
}
