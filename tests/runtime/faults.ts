/** An engine that misbehaves on demand: every statement it is given passes a hook first. */
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import { around, StatementError, type Failure, type Warehouse } from '../../dialects/warehouse.js';

/** Called before each statement, and after a commit with `committed`; what it throws is what the engine says. */
export type Hook = (sql: string) => void;

export function hooked(hook: Hook): (type: string) => Promise<Dialect> {
  return async (type) => {
    const real = await dialectFor(type);
    const open: Dialect['open'] = async (options) => watch(await real.open(options), hook);
    return Object.create(real, { open: { value: open } }) as Dialect;
  };
}

const watch = (real: Warehouse, hook: Hook): Warehouse =>
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
      hook('committed');
    },
  });

/** Refuses every statement that matches. */
export const refuse =
  (pattern: RegExp, message = 'Conversion Error: no'): Hook =>
  (sql) => {
    if (pattern.test(sql)) throw new StatementError(message, sql);
  };

/** Refuses statements that match, `times` times, in a way that passes. */
export function stutter(pattern: RegExp, times: number, failure: Failure = 'transient'): Hook {
  let left = times;
  return (sql) => {
    if (!pattern.test(sql) || left <= 0) return;
    left -= 1;
    throw new StatementError('TransactionContext Error: Conflict', sql, { failure });
  };
}
