/**
 * The lock of a project's schema: an advisory lock of the session, which the server frees when the session ends, however it
 * ends. Who has it is in the holder's `application_name`, which every user may see.
 */
import { UserError } from '../../compiler/diagnostics/index.js';
import type { LockOwner } from '../warehouse.js';
import type { Connection } from './connection.js';
import { quoteText } from './types.js';

const keyOf = (schema: string): string => `hashtextextended(${quoteText(`rollcall:${schema}`)}, 0)`;

/** Takes the lock, or fails with `locked` naming who has it. */
export async function acquireLock(connection: Connection, schema: string): Promise<void> {
  const [taken] = await connection.query(`select pg_try_advisory_lock(${keyOf(schema)})`);
  if (taken?.rows[0]?.[0] === 't') return;
  throw locked(await holder(connection, schema));
}

/** Fails with `locked` when somebody else has the lock; for those who open without taking it. */
async function holder(
  connection: Connection,
  schema: string,
): Promise<readonly (string | null)[] | undefined> {
  const [found] = await connection.query(`select a.application_name, a.pid,
  to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from pg_catalog.pg_locks as l join pg_catalog.pg_stat_activity as a on a.pid = l.pid
cross join (select ${keyOf(schema)} as key) as k
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
  and l.classid = ((k.key >> 32) & 4294967295)::oid and l.objid = (k.key & 4294967295)::oid`);
  return found?.rows[0];
}

function locked(row: readonly (string | null)[] | undefined): UserError {
  const [name, pid, since] = row ?? [];
  const who = row
    ? `${name ?? 'another session'} (PostgreSQL process ${pid ?? '?'}) since ${since ?? '?'}`
    : 'another run';
  return new UserError(
    {
      code: 'locked',
      severity: 'error',
      message: `the warehouse is in use by ${who}`,
      hint: 'wait for it to finish; if it is gone, the server frees its lock when it notices',
    },
    3,
  );
}

/** `rollcall run 2024-… (pid 12 on host)`: at most 63 bytes are kept. */
export function applicationName(owner: LockOwner | undefined): string {
  if (!owner) return 'rollcall';
  const name = `rollcall ${owner.command} ${owner.run_id} pid ${owner.pid} on ${owner.host}`;
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 63);
}
