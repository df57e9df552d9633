/** Every call a command makes of its warehouse, in order: the places where it may be stopped, or told no. */
import type { Dialect } from '../../dialects/dialect.js';
import { around, type CallOptions, type Warehouse } from '../../dialects/warehouse.js';

/** What is about to be asked. */
export interface Point {
  /** From 1, over all connections of the command. */
  readonly n: number;
  readonly call: 'execute' | 'read' | 'describe' | 'begin' | 'commit' | 'rollback';
  readonly step: string;
  readonly sql: string;
}

export interface Visitor {
  /** What it throws is what the engine says, and a promise that stays open is a process that has ended. */
  before?(point: Point): Promise<void> | void;
  /** Once it is done, before the command hears of it. */
  after?(point: Point): Promise<void> | void;
}

/** An engine whose every call is visited. */
export function visited(real: Dialect, visitor: Visitor): Dialect {
  let n = 0;
  const open: Dialect['open'] = async (options) =>
    visitedWarehouse(await real.open(options), visitor, () => ++n);
  return Object.create(real, { open: { value: open } }) as Dialect;
}

function visitedWarehouse(w: Warehouse, visitor: Visitor, next: () => number): Warehouse {
  const visit = async <T>(
    call: Point['call'],
    sql: string,
    options: CallOptions | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    const point = { n: next(), call, step: options?.labels?.step ?? '', sql };
    await visitor.before?.(point);
    const result = await work();
    await visitor.after?.(point);
    return result;
  };
  return around(w, {
    execute: (sql, options) => visit('execute', sql, options, () => w.execute(sql, options)),
    async *read(sql, options) {
      await visit('read', sql, options, () => Promise.resolve());
      yield* w.read(sql, options);
    },
    describeSchema: (schema, options) =>
      visit('describe', `schema ${schema ?? ''}`, options, () => w.describeSchema(schema, options)),
    describeTable: (table, options) =>
      visit('describe', `table ${table.name}`, options, () => w.describeTable(table, options)),
    describeQuery: (sql, options) => visit('describe', sql, options, () => w.describeQuery(sql, options)),
    begin: () => visit('begin', 'begin', undefined, () => w.begin()),
    commit: () => visit('commit', 'commit', undefined, () => w.commit()),
    rollback: () => visit('rollback', 'rollback', undefined, () => w.rollback()),
  });
}
