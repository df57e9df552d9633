/**
 * Datasets, sessions and transactions as BigQuery's documentation has them, over GoogleSQL's evaluator: every query is evaluated, and
 * every statement but INSERT, which would end it, analysed by it. One statement is done after the other.
 *
 * A transaction sees the tables as they were when it began. Tables that it changed or took rows out of are nobody else's
 * until it ends: whoever wants to change one of them is refused. Rows may be added by many at once.
 */
import { randomUUID } from 'node:crypto';
import { arranged, flat, ManyPartners, merged, names, without, type Table } from '../zetasql/rows.js';
import { statementsIn } from '../zetasql/scripts.js';
import type { CatalogTable, ResultTable, ZetaSql } from '../zetasql/server.js';
import type { Cell } from '../zetasql/values.js';
import { read, type Said } from './statements.js';

/** As the API tells it. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export interface Done {
  readonly result?: ResultTable;
  readonly changed?: number;
}

type Tables = Map<string, Table>;

interface Transaction {
  readonly tables: Tables;
  readonly temporary: Tables;
  /** What it changed, beyond adding rows. */
  readonly changed: Set<string>;
  readonly added: Map<string, (readonly Cell[])[]>;
}

interface Session {
  readonly temporary: Tables;
  transaction?: Transaction | undefined;
}

/** The project that all datasets are of. */
const PROJECT = 'test';
const SCHEMA_COLUMNS = /([\w`-]+)\.INFORMATION_SCHEMA\.COLUMNS/;

export class Database {
  readonly #datasets = new Set<string>();
  readonly #tables: Tables = new Map();
  readonly #views = new Map<string, string>();
  readonly #sessions = new Map<string, Session>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly evaluator: ZetaSql) {}

  /** Makes a session. */
  createSession(): string {
    const id = randomUUID();
    this.#sessions.set(id, { temporary: new Map() });
    return id;
  }

  /** Sessions that have not ended. */
  get sessions(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /** Does a statement, after those before it. */
  async execute(sql: string, sessionId?: string): Promise<Done> {
    return this.#inTurn(async () => {
      const session = this.#session(sessionId);
      let done: Done = { changed: 0 };
      for (const one of statementsIn(sql)) done = await this.#executed(one, session);
      return done;
    });
  }

  async #executed(sql: string, session: Session | undefined): Promise<Done> {
    const said = read(sql);
    if (said.op === 'query') return { result: await this.#evaluate(sql, session) };
    if ('key' in said && said.op !== 'append' && said.op !== 'drop') await this.#analyse(sql, session);
    return { changed: await this.#perform(said, session) };
  }

  /** The columns that a query would give; for other statements whether they are right. */
  async dryRun(sql: string, sessionId?: string): Promise<ResultTable> {
    return this.#inTurn(async () => {
      const tables = await this.#withViews(sql, this.#session(sessionId));
      return { columns: await this.#asked(() => this.evaluator.columns(sql, tables)), rows: [] };
    });
  }

  /** A table or view; undefined where there is none. */
  async describe(key: string): Promise<ResultTable['columns'] | undefined> {
    const view = this.#views.get(key);
    if (view === undefined) return this.#tables.get(key)?.columns;
    return (await this.dryRun(view)).columns;
  }

  async #analyse(sql: string, session: Session | undefined): Promise<void> {
    const tables = await this.#withViews(sql, session);
    await this.#asked(() => this.evaluator.analyse(sql, tables));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #session(id: string | undefined): Session | undefined {
    if (id === undefined) return undefined;
    const session = this.#sessions.get(id);
    if (!session) throw new Refusal(400, 'invalidQuery', `Session ${id} has been terminated`);
    return session;
  }

  async #perform(said: Exclude<Said, { op: 'query' }>, session: Session | undefined): Promise<number> {
    switch (said.op) {
      case 'begin':
        if (!session) throw new Refusal(400, 'invalidQuery', 'Transaction control statements need a session');
        if (session.transaction)
          throw new Refusal(400, 'invalidQuery', 'A transaction is already in progress');
        session.transaction = {
          tables: new Map(this.#tables),
          temporary: new Map(session.temporary),
          changed: new Set(),
          added: new Map(),
        };
        return 0;
      case 'commit':
        this.#commit(session);
        return 0;
      case 'rollback': {
        const open = this.#transaction(session);
        session?.temporary.clear();
        open.temporary.forEach((table, key) => session?.temporary.set(key, table));
        if (session) session.transaction = undefined;
        return 0;
      }
      case 'abort': {
        const gone = said.session ?? [...this.#sessions].find(([, one]) => one === session)?.[0] ?? '';
        if (!this.#sessions.delete(gone))
          throw new Refusal(400, 'invalidQuery', `Session ${gone} has been terminated`);
        return 0;
      }
      case 'schema':
        this.#datasets.add(said.schema);
        return 0;
      case 'drop schema':
        this.#datasets.delete(said.schema);
        for (const all of [this.#tables, this.#views])
          for (const key of all.keys()) if (key.startsWith(`${said.schema}.`)) all.delete(key);
        return 0;
      case 'table':
        if (!this.#has(said.key, session))
          this.#define(said.key, { columns: said.columns, rows: [] }, session);
        return 0;
      case 'view':
        this.#refuseInside(said.key, session);
        this.#views.set(said.key, said.query);
        return 0;
      case 'drop':
        this.#refuseInside(said.key, session);
        this.#views.delete(said.key);
        (isTemporary(said.key) ? session?.temporary : this.#tables)?.delete(said.key);
        return 0;
      case 'replace': {
        const { columns, rows } = await this.#evaluate(said.query, session);
        this.#define(said.key, { columns, rows }, session);
        return rows.length;
      }
      case 'append': {
        const found = await this.#evaluate(said.query, session);
        const columns = found.columns.map((column, i) => ({ ...column, name: said.columns[i] ?? '' }));
        const table = this.#table(said.key, session);
        const rows = arranged({ columns, rows: found.rows }, table.columns);
        this.#put(said.key, { ...table, rows: [...table.rows, ...rows] }, session, rows);
        return rows.length;
      }
      case 'delete': {
        const table = this.#table(said.key, session);
        const { keys, query } = said;
        const rows = query === undefined ? [] : without(table, await this.#evaluate(query, session), keys);
        this.#put(said.key, { ...table, rows }, session);
        return table.rows.length - rows.length;
      }
      case 'merge':
        return this.#merge(said, session);
    }
  }

  async #merge(said: Extract<Said, { op: 'merge' }>, session: Session | undefined): Promise<number> {
    const table = this.#table(said.key, session);
    const source = await this.#evaluate(said.query, session);
    const { rows, changed } = mergedOrRefused(table, source, said);
    this.#put(said.key, { ...table, rows }, session);
    return changed;
  }

  #transaction(session: Session | undefined): Transaction {
    if (!session?.transaction) throw new Refusal(400, 'invalidQuery', 'There is no transaction in progress');
    return session.transaction;
  }

  #commit(session: Session | undefined): void {
    const { tables, changed, added } = this.#transaction(session);
    for (const key of changed) {
      const table = tables.get(key);
      if (table) this.#tables.set(key, table);
    }
    for (const [key, rows] of added) {
      const now = this.#tables.get(key);
      if (!changed.has(key) && now) this.#tables.set(key, { ...now, rows: [...now.rows, ...rows] });
    }
    if (session) session.transaction = undefined;
  }

  /** The tables that a session sees. */
  #seen(key: string, session: Session | undefined): Tables | undefined {
    if (isTemporary(key)) return session?.temporary;
    return session?.transaction?.tables ?? this.#tables;
  }

  #has(key: string, session: Session | undefined): boolean {
    return this.#seen(key, session)?.has(key) === true;
  }

  #table(key: string, session: Session | undefined): Table {
    const table = this.#seen(key, session)?.get(key);
    if (!table) throw this.#missing(key);
    return table;
  }

  #missing(key: string): Refusal {
    const [dataset = ''] = key.split('.');
    if (key.includes('.') && !this.#datasets.has(dataset))
      return new Refusal(
        404,
        'notFound',
        `Not found: Dataset ${PROJECT}:${dataset} was not found in location US`,
      );
    return new Refusal(404, 'notFound', `Not found: Table ${PROJECT}:${key} was not found in location US`);
  }

  #refuseInside(key: string, session: Session | undefined): void {
    if (session?.transaction && !isTemporary(key))
      throw new Refusal(400, 'invalidQuery', `DDL of ${key} is not supported in a transaction`);
  }

  #define(key: string, table: Table, session: Session | undefined): void {
    this.#refuseInside(key, session);
    if (isTemporary(key)) {
      if (!session) throw new Refusal(400, 'invalidQuery', `Temporary table ${key} without a session`);
      session.temporary.set(key, table);
    } else {
      const [dataset = ''] = key.split('.');
      if (!this.#datasets.has(dataset)) throw this.#missing(key);
      this.#tables.set(key, table);
    }
  }

  /** Changes rows; `added` are those that came, where none went or changed. */
  #put(key: string, table: Table, session: Session | undefined, added?: readonly (readonly Cell[])[]): void {
    const own = session?.transaction;
    if (!isTemporary(key) && !added) {
      const other = [...this.#sessions.values()].find(({ transaction: open }) => open && open !== own && open.changed.has(key)); // prettier-ignore
      const late = own && !own.changed.has(key) && own.tables.get(key)?.rows !== this.#tables.get(key)?.rows && !own.added.has(key); // prettier-ignore
      if (other || late)
        throw new Refusal(400, 'invalidQuery', `Transaction is aborted due to concurrent update against table ${PROJECT}:${key}`); // prettier-ignore
    }
    this.#seen(key, session)?.set(key, table);
    if (!own || isTemporary(key)) return;
    if (added) own.added.set(key, [...(own.added.get(key) ?? []), ...added]);
    else own.changed.add(key);
  }

  /** The tables that a text names, without rows. */
  #mentioned(sql: string, session: Session | undefined): CatalogTable[] {
    const seen = [...(session?.transaction?.tables ?? this.#tables), ...(session?.temporary ?? [])];
    return seen
      .filter(([key]) => names(key).test(sql))
      .map(([key, table]) => ({ path: key.split('.'), ...table }));
  }

  async #withViews(sql: string, session: Session | undefined): Promise<CatalogTable[]> {
    const found = this.#mentioned(sql, session);
    for (const [key, view] of this.#views)
      if (names(key).test(sql))
        found.push({ path: key.split('.'), ...(await this.#evaluate(view, session)) });
    return found;
  }

  async #evaluate(sql: string, session: Session | undefined): Promise<ResultTable> {
    const [, dataset] = SCHEMA_COLUMNS.exec(sql) ?? [];
    if (dataset !== undefined) return this.#columnsOf(sql, dataset.replaceAll('`', ''));
    const tables = await this.#withViews(sql, session);
    const inRoot = tables.reduce(
      (text, { path }) => text.replace(names(path.join('.')), flat(path.join('.'))),
      sql,
    );
    const catalog = tables.map((table) => ({ ...table, path: [flat(table.path.join('.'))] }));
    return this.#asked(() => this.evaluator.evaluate(inRoot, catalog));
  }

  /** `INFORMATION_SCHEMA.COLUMNS` of a dataset. */
  async #columnsOf(sql: string, dataset: string): Promise<ResultTable> {
    if (!this.#datasets.has(dataset)) throw this.#missing(`${dataset}.`);
    const rows: (readonly Cell[])[] = [];
    const add = (key: string, columns: ResultTable['columns']): void => {
      columns.forEach(({ name, type }, i) =>
        rows.push([
          { stringValue: key.slice(dataset.length + 1) },
          { stringValue: name },
          { stringValue: type },
          { int64Value: String(i + 1) },
        ]),
      );
    };
    const own = (key: string): boolean => key.startsWith(`${dataset}.`);
    for (const [key, { columns }] of this.#tables) if (own(key)) add(key, columns);
    for (const [key, view] of this.#views)
      if (own(key)) add(key, (await this.#evaluate(view, undefined)).columns);
    const columns = (['table_name', 'column_name', 'data_type'] as const).map((name) => ({ name, type: 'STRING' as const })); // prettier-ignore
    const table = {
      path: ['schema_columns'],
      columns: [...columns, { name: 'ordinal_position', type: 'INT64' as const }],
      rows,
    };
    return this.evaluator.evaluate(sql.replace(SCHEMA_COLUMNS, 'schema_columns'), [table]);
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const [, absent] = /Table not found: ([\w.`-]+)/.exec(message) ?? [];
      throw absent === undefined
        ? new Refusal(400, 'invalidQuery', message)
        : this.#missing(absent.replaceAll('`', '').replace(/;$/, ''));
    }
  }
}

const isTemporary = (key: string): boolean => !key.includes('.');

const mergedOrRefused: typeof merged = (...asked) => {
  try {
    return merged(...asked);
  } catch (error) {
    if (!(error instanceof ManyPartners)) throw error;
    throw new Refusal(400, 'invalidQuery', error.message);
  }
};
