/** An engine that misbehaves on demand: every statement it is given passes a hook first. */
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import { StatementError, type Warehouse } from '../../dialects/warehouse.js';

/** Called before each statement; what it throws is what the engine says. */
export type Hook = (sql: string) => void;

export function hooked(hook: Hook): (type: string) => Promise<Dialect> {
  return async (type) => {
    const real = await dialectFor(type);
    const open: Dialect['open'] = async (options) => watch(await real.open(options), hook);
    return Object.create(real, { open: { value: open } }) as Dialect;
  };
}

function watch(real: Warehouse, hook: Hook): Warehouse {
  return {
    execute: async (sql, options) => {
      hook(sql);
      return real.execute(sql, options);
    },
    read: (sql, options) => {
      hook(sql);
      return real.read(sql, options);
    },
    describeSchema: (schema, options) => real.describeSchema(schema, options),
    describeQuery: (sql, options) => real.describeQuery(sql, options),
    describeTable: (table, options) => real.describeTable(table, options),
    estimate: (sql, options) => real.estimate(sql, options),
    begin: () => real.begin(),
    commit: () => {
      hook('commit');
      return real.commit();
    },
    rollback: () => real.rollback(),
    close: () => real.close(),
  };
}

/** Refuses every statement that matches. */
export const refuse =
  (pattern: RegExp, message = 'Conversion Error: no'): Hook =>
  (sql) => {
    if (pattern.test(sql)) throw new StatementError(message, sql);
  };

/** Refuses statements that match, `times` times, in a way that passes. */
export function stutter(pattern: RegExp, times: number): Hook {
  let left = times;
  return (sql) => {
    if (!pattern.test(sql) || left <= 0) return;
    left -= 1;
    throw new StatementError('TransactionContext Error: Conflict', sql, { transient: true });
  };
}
