/** What is read of a connection: one thing at a time is asked of it, and of each result. */
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import type { Batch, CallOptions } from '../warehouse.js';
import { statementError } from './errors.js';
import { batchOf, columnsOf } from './values-out.js';

/** Does one thing after another, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** All that is known then: the driver keeps the engine's reason to itself. */
const BROKEN_OFF =
  'the result broke off before its end (too little memory or disk, or a value that cannot be made)';

/** The batches of one query, a chunk at a time. A reader may ask for the next while a statement puts the rest aside. */
export class ResultStream {
  readonly #connection: DuckDBConnection;
  readonly #sql: string;
  readonly #options: CallOptions | undefined;
  readonly #turns = new Turns();
  #source:
    | {
        readonly result: DuckDBResult;
        readonly columns: ReturnType<typeof columnsOf>;
        readonly streams: boolean;
      }
    | undefined;
  readonly #kept: Batch[] = [];
  #ended = false;

  constructor(connection: DuckDBConnection, sql: string, options: CallOptions | undefined) {
    this.#connection = connection;
    this.#sql = sql;
    this.#options = options;
  }

  /** Begins the query. */
  async begin(): Promise<void> {
    const result = await this.#call(() => this.#connection.stream(this.#sql));
    this.#source = { result, columns: columnsOf(result), streams: result.isStreaming };
  }

  /** The next batch; nothing after the last. */
  next(): Promise<Batch | undefined> {
    return this.#turns.take(async () => this.#kept.shift() ?? (await this.#fetch()));
  }

  /** Reads the rest into memory: the connection's next statement would cut the result off without a word. */
  keepRest(): Promise<void> {
    return this.#turns.take(async () => {
      for (let batch = await this.#fetch(); batch !== undefined; batch = await this.#fetch())
        this.#kept.push(batch);
    });
  }

  /**
   * Ends the query wherever its reader stopped. A result that has more to give keeps the file open after the database was
   * closed, and a second instance of this process would write beside the first.
   */
  leave({ interrupt }: { readonly interrupt: boolean }): Promise<void> {
    return this.#turns.take(async () => {
      const result = this.#source?.result;
      if (!result || this.#ended) return;
      this.#ended = true;
      try {
        do if (interrupt) this.#connection.interrupt();
        while ((await result.fetchChunk())?.rowCount);
      } catch {
        // Interrupted, as asked.
      }
    });
  }

  async #fetch(): Promise<Batch | undefined> {
    if (!this.#source || this.#ended) return undefined;
    const { result, columns, streams } = this.#source;
    const chunk = await this.#call(async () => {
      const next = await result.fetchChunk();
      // One that fails half way, or is interrupted, ends as others do, but is none that streams any more.
      if (!next?.rowCount && streams && !result.isStreaming) throw new Error(BROKEN_OFF);
      return next;
    });
    if (chunk && chunk.rowCount > 0) return batchOf(columns, chunk);
    this.#ended = true;
    return undefined;
  }

  #call<T>(driver: () => Promise<T>): Promise<T> {
    return call(this.#connection, this.#sql, this.#options, driver);
  }
}

/** Runs one driver call; an abort interrupts it and rejects with the signal's reason. */
export async function call<T>(
  connection: DuckDBConnection,
  sql: string,
  options: CallOptions | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  // Again and again: an interrupt before the query has begun is forgotten when it begins.
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => connection.interrupt(), 20);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await run();
  } catch (error) {
    signal?.throwIfAborted();
    throw statementError(error, sql);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    clearInterval(timer);
  }
}
