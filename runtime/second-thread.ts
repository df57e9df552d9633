/**
 * A second thread for projects of many definitions: it makes part of their standalone SELECTs while this one compiles
 * the run. It resolves the project itself, of what this thread read of files and warehouse: names and relations
 * cannot be handed over, plain data can. Both then do the same (`selectAt`), so it makes no difference which one does.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ResolvedProject } from '../compiler/index.js';
import type { Project } from '../models/definition.js';
import type { Seen } from './prepare.js';
import { SELECT_THREAD } from './select-thread-file.js';
import type { Standalone } from './sql-files.js';

/** What it begins with. */
export interface Start {
  readonly project: Project;
  /** The dialect's name. */
  readonly engine: string;
  /** See `placesLeft`. */
  readonly next: Int32Array;
}

/** What it is told next: what the warehouse says, then what to make. */
export type Told =
  | { readonly catalog: Seen['catalog']; readonly existing: Seen['stored']['existing'] }
  | { readonly keys: readonly string[]; readonly asOf: string; readonly needs: ResolvedProject['needs'] };

/** SELECTs by the places of their keys. */
export type Made = Map<number, Standalone>;

/** With fewer definitions it would not be there in time. */
const FROM = 250;

export class SecondThread {
  /** The first place that no thread has taken yet. */
  readonly next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  readonly #made: Promise<Made | undefined>;

  /** @param file its code, as the build makes it of `select-thread.ts` */
  constructor(file: URL, project: Project, engine: string) {
    const workerData: Start = { project, engine, next: this.next };
    // What this process was told to load beforehand is not for it.
    const worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker = worker;
    this.#made = new Promise((resolve) => {
      worker.once('message', (made: Made) => resolve(made));
      worker.once('error', () => resolve(undefined)); // the same fails here, where it is reported
      worker.once('exit', () => resolve(undefined));
    });
  }

  /** Starts one if that is worth while. */
  static for(project: Project, engine: string): SecondThread | undefined {
    const many = project.definitions.length >= FROM && availableParallelism() > 1;
    return many && SELECT_THREAD ? new SecondThread(SELECT_THREAD, project, engine) : undefined;
  }

  tell(told: Told): void {
    this.#worker.postMessage(told);
  }

  /** What it made, when there is nothing left to make; nothing if it failed. */
  made(): Promise<Made | undefined> {
    return this.#made;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
