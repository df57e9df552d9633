/**
 * A second thread for projects of many definitions: it finds out part of what they come to, and makes part of their standalone
 * SELECTs while this one compiles the run. It resolves the project itself, of what this thread read of files and warehouse: names and relations
 * cannot be handed over, plain data can. Both then do the same (`selectAt`), so it makes no difference which one does.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Meaning, ResolvedProject } from '../compiler/index.js';
import type { Project } from '../models/definition.js';
import type { Seen } from './prepare.js';
import { SELECT_THREAD } from './select-thread-file.js';
import { Places } from './places.js';
import type { OutputFile } from './files.js';
import type { Standalone } from './sql-files.js';

/** What it begins with. */
export interface Start {
  /** The cells of `Places`. */
  readonly meanings: Int32Array;
  readonly selects: Int32Array;
}

/** What it is told next, in this order: what was read of files, what the warehouse says, what to make. */
export type Told =
  | { readonly project: Project; /** The dialect's name. */ readonly engine: string }
  | { readonly catalog: Seen['catalog']; readonly existing: Seen['stored']['existing'] }
  | { readonly write: Share }
  | { readonly keys: readonly string[]; readonly asOf: string; readonly needs: ResolvedProject['needs'] };

/** What definitions come to, by key. */
export type Meanings = ReadonlyMap<string, Meaning>;

/** SELECTs by the places of their keys. */
export type Made = Map<number, Standalone>;

/** Files to write, as `writeFiles` takes them. */
export interface Share {
  readonly root: string;
  readonly files: readonly OutputFile[];
  readonly there: ReadonlySet<string>;
}

/** What it says, in this order. */
export type Answer = { readonly meant: Meanings } | { readonly made: Made } | { readonly written: true };

/** With fewer definitions it would not be there in time. */
const FROM = 250;

export class SecondThread {
  readonly meanings = new Places();
  readonly selects = new Places();
  readonly #worker: Worker;
  readonly #meant: Promise<Meanings | undefined>;
  readonly #made: Promise<Made | undefined>;
  readonly #written: Promise<boolean>;

  /** @param file its code, as the build makes it of `select-thread.ts` */
  constructor(file: URL) {
    const workerData: Start = { meanings: this.meanings.cells, selects: this.selects.cells };
    // What this process was told to load beforehand is not for it.
    const worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker = worker;
    const answer = <T>(of: (said: Answer) => T | undefined, none: T): Promise<T> =>
      new Promise((resolve) => {
        worker.on('message', (said: Answer) => {
          const found = of(said);
          if (found !== undefined) resolve(found);
        });
        worker.once('error', () => resolve(none)); // the same fails here, where it is reported
        worker.once('exit', () => resolve(none));
      });
    this.#meant = answer((said) => ('meant' in said ? said.meant : undefined), undefined);
    this.#made = answer((said) => ('made' in said ? said.made : undefined), undefined);
    this.#written = answer((said) => ('written' in said ? said.written : undefined), false);
  }

  /** Starts one if that is worth while: the sooner, the sooner it has read its code. */
  static for(definitions: number): SecondThread | undefined {
    const many = definitions >= FROM && availableParallelism() > 1;
    return many && SELECT_THREAD ? new SecondThread(SELECT_THREAD) : undefined;
  }

  tell(told: Told): void {
    this.#worker.postMessage(told);
  }

  /** What it found out of definitions, when there is nothing left to find out; nothing if it failed. */
  meant(): Promise<Meanings | undefined> {
    return this.#meant;
  }

  /** What it made, when there is nothing left to make; nothing if it failed. */
  made(): Promise<Made | undefined> {
    return this.#made;
  }

  /** Writes files, after `made`; false where it could not. */
  async write(share: Share): Promise<boolean> {
    this.tell({ write: share });
    return this.#written;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
