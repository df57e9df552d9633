/**
 * What a destination is to the rest of delivery. A destination states its limits as data and makes single
 * attempts; pacing, retries and bookkeeping are the same for all and live beside it (`send.ts`, `courier.ts`).
 */
import type { Expr, Relation } from '../compiler/ir/types.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { Destination as DestinationDefinition } from '../models/definition.js';

/** One row of the outbox on its way out. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly definition: string;
  readonly runNo: number;
  readonly type: string;
  readonly identifierType: string;
  readonly identifier: string;
  /** What it says, as JSON text; null when what was told is withdrawn. */
  readonly value?: string | null;
  /** JSON text, sent as it is. */
  readonly payload: string;
  /** The payload as UTF-8, where it came so: no text need be made of it. */
  readonly bytes?: Buffer;
}

/** UTF-8 bytes of a payload. */
export const sizeOf = (message: OutboxMessage): number =>
  message.bytes?.length ?? Buffer.byteLength(message.payload);

/** What batches may be grouped by. */
export type GroupingColumn = 'definition' | 'type' | 'value' | 'messageId';

/** What a destination can take, as data: the sender keeps to it. */
export interface Limits {
  /** Attempts a second, retries included; absent: as fast as it answers. */
  readonly requestsPerSecond?: number;
  /** Messages an attempt. */
  readonly batchSize: number;
  /** UTF-8 bytes of the payloads of an attempt. */
  readonly maxPayloadBytes?: number;
  /** UTF-8 bytes of one message; a larger one is rejected by itself, and the others of its batch are sent. */
  readonly maxMessageBytes?: number;
  /** What the messages of an attempt have in common; absent: nothing. Each run is sent after the one before. */
  readonly groupBy?: readonly GroupingColumn[];
  /** Attempts at a time. 1 keeps every message in order; more keeps the order of each run. */
  readonly concurrency: number;
  /** How often a failed attempt is tried again. */
  readonly retries: number;
}

/**
 * `rejected` is final: this message will not be taken. `filtered` is final, too: the destination was not asked, and `error` says
 * why (it has no identifier of the kind, or none that can be hashed). `failed` is tried again by the next sync.
 */
export type OutcomeStatus = 'delivered' | 'rejected' | 'filtered' | 'failed';

export interface Outcome {
  readonly status: OutcomeStatus;
  readonly httpStatus?: number;
  /** One line, without secrets. */
  readonly error?: string;
}

/** What one attempt came to. */
export type Attempt =
  /** One outcome for all, or one for each message in order. */
  | { readonly kind: 'done'; readonly outcomes: Outcome | readonly Outcome[] }
  /** Nothing of the batch was taken, but may be later. */
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly httpStatus?: number;
      /** What the destination asked us to wait. */
      readonly retryAfterMs?: number;
    }
  /** Nothing will be taken until someone mends the settings: the destination stops and keeps its messages. */
  | { readonly kind: 'stop'; readonly reason: string; readonly httpStatus?: number };

export interface Destination {
  /** Where it leads, for people: a path, an address without its secrets. */
  readonly where: string;
  readonly limits: Limits;
  /**
   * Where present, it is told of a batch when the one before is sent, and begins what takes long. Whether the batch is sent is
   * another matter: all of it, part of it, or none.
   */
  prepare?(batch: readonly OutboxMessage[]): void;
  /** Where true, it asks nothing of the warehouse while it sends: its `memory` is not touched. */
  readonly apart?: boolean;
  /** Makes one attempt. What it throws counts as `retry`, unless `signal` is aborted. */
  send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt>;
  /**
   * Where present, nothing that was sent is visible until this resolves, and then all of it is:
   * deliveries are recorded only afterwards.
   */
  commit?(): Promise<void>;
  /**
   * Where present, messages never leave the warehouse: these steps write them, rows of the outbox, in one transaction with
   * the record that they were delivered. `prepare` comes before it, as not every engine has DDL in one.
   */
  readonly inside?: {
    readonly prepare: readonly StepOp[];
    readonly steps: (rows: Relation) => readonly StepOp[];
  };
  /** Where present, it also takes messages as a file of lines, which some warehouses write faster than we read. */
  readonly lines?: TakesLines;
  /** Lets go of everything, also of what was not committed. */
  close(): Promise<void>;
}

/** Takes what `send` would take of the same messages, in the same order. */
export interface TakesLines {
  /** The line of each message, over rows of the outbox: a text without line ends. */
  readonly line: (rows: Relation) => Expr;
  /**
   * Has the lines written: `write` puts them into the file it is given, which is there, and resolves to how many there were. Where
   * `write` fails, its error is thrown, and nothing of them was taken.
   */
  take(write: (path: string) => Promise<number>): Promise<Attempt>;
}

export interface OpenContext {
  readonly definition: DestinationDefinition;
  /** Folder that relative paths start from. */
  readonly projectDir: string;
  /** The present, as an ISO 8601 instant in UTC. */
  readonly now: () => string;
  /** Makes a file of rows of a file of messages, a line each; loaded when it is called. Absent: JSON Lines alone can be written. */
  readonly writeRows?: (file: RowFile) => Promise<void>;
  /** Where a table without a schema stands; absent: where the warehouse says. */
  readonly schema?: string;
  /** Absent: nothing is known again. */
  readonly memory?: Memory;
}

/** What is known again at the next sync, by a name that is the destination's own. */
export interface Memory {
  recall(name: string): Promise<string | undefined>;
  keep(name: string, value: string): Promise<void>;
}

/** A CSV or Parquet file to be made of messages. */
export interface RowFile {
  readonly lines: string;
  readonly to: string;
  readonly format: 'csv' | 'parquet';
  /** CSV: whether the names of columns are its first line. */
  readonly header: boolean;
  /** Parquet: a file whose rows come first. */
  readonly before?: string;
}

/** A problem of the settings, before it has a place in a file. */
export type SettingsProblem = Pick<Diagnostic, 'message' | 'hint'> & {
  /** The setting concerned; absent: `settings` as a whole. */
  readonly setting?: string;
};

/** A kind of destination: one file each, listed in `registry.ts`. */
export interface DestinationType {
  readonly type: string;
  /** What only the values show once variables are replaced; the shape is checked when files are loaded. */
  check(settings: Readonly<Record<string, unknown>>): readonly SettingsProblem[];
  /** Opens it; settings were checked. Loads what it needs only then. */
  open(context: OpenContext): Promise<Destination>;
}
