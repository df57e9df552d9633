/** An engine that misbehaves on demand: every statement it is given passes a hook first. */
import type { Dialect } from '../../dialects/dialect.js';
import { dialectHere } from '../engines/duckdb-attached.js';
import { around, StatementError, type Failure, type Warehouse } from '../../dialects/warehouse.js';

/** Called before each statement; what it throws is what the engine says. */
export type Hook = (sql: string) => void;

export function hooked(hook: Hook, committed?: () => void): (type: string) => Promise<Dialect> {
  return async (type) => {
    const real = await dialectHere(type);
    const open: Dialect['open'] = async (options) => watch(await real.open(options), hook, committed);
    return Object.create(real, { open: { value: open } }) as Dialect;
  };
}

const watch = (real: Warehouse, hook: Hook, committed?: () => void): Warehouse =>
  around(real, {
    execute: async (sql, options) => {
      hook(sql);
      return real.execute(sql, options);
    },
    read: (sql, options) => {
      hook(sql);
      return real.read(sql, options);
    },
    commit: async () => {
      hook('commit');
      await real.commit();
      committed?.();
    },
  });

/** Refuses every statement that matches. */
export const refuse =
  (pattern: RegExp, message = 'Conversion Error: no'): Hook =>
  (sql) => {
    if (pattern.test(sql)) throw new StatementError(message, sql);
  };

/** Refuses statements that queue messages of a definition, perhaps among others. */
export function refuseMessages(key: string, message?: string): Hook {
  let among = false;
  return (sql) => {
    if (/^(create or replace temporary table|insert into) "?rollcall_outbox_ways[^]*'/i.test(sql))
      among = sql.includes(`'${key}'`);
    if (among) refuse(/insert into "?rollcall"?\."?outbox"? /i, message)(sql);
  };
}

/** Refuses statements that match, `times` times, in a way that passes. */
export function stutter(pattern: RegExp, times: number, failure: Failure = 'transient'): Hook {
  let left = times;
  return (sql) => {
    if (!pattern.test(sql) || left <= 0) return;
    left -= 1;
    throw new StatementError('TransactionContext Error: Conflict', sql, { failure });
  };
}

/** An engine that refuses DDL inside a transaction, but perhaps that of temporary tables; besides what a hook does. */
export function withoutDdl(temporaryDdl: boolean, hook: Hook = () => undefined) {
  return async (type: string): Promise<Dialect> => {
    const real = await hooked(hook)(type);
    const capabilities = { ...real.capabilities, transactionalDdl: false, temporaryDdl };
    const open: Dialect['open'] = async (options) => refusingDdl(await real.open(options), temporaryDdl);
    return Object.create(real, { open: { value: open }, capabilities: { value: capabilities } }) as Dialect;
  };
}

function refusingDdl(real: Warehouse, temporaryDdl: boolean): Warehouse {
  let inTransaction = false;
  return around(real, {
    execute: async (sql, options) => {
      const isDdl = /^\s*(create|drop|alter|truncate)\b/i.test(sql);
      const isTemporary = /^\s*(create (or replace )?temporary|drop table if exists "?rollcall_)/i.test(sql);
      if (inTransaction && isDdl && !(isTemporary && temporaryDdl))
        throw new StatementError('DDL inside a transaction', sql);
      return real.execute(sql, options);
    },
    begin: async () => {
      await real.begin();
      inTransaction = true;
    },
    commit: async () => {
      await real.commit();
      inTransaction = false;
    },
    rollback: async () => {
      inTransaction = false;
      await real.rollback();
    },
  });
}
