/**
 * What became of the conformance cases on an engine. With `ROLLCALL_CONFORMANCE=<folder>` every test file that runs cases
 * writes there; `npm run conformance` puts what the files of an engine wrote together into `results/<engine>.json`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Way } from './engine.js';
import type { MarkKind } from './marks.js';

export interface CaseResult {
  /** `<file>: <name>` */
  readonly case: string;
  /** `reference` has a way of its own. */
  readonly way: Way | 'reference';
  readonly status: 'passed' | 'failed' | MarkKind;
  readonly reason?: string;
}

export interface EngineResults {
  readonly engine: string;
  /** What executed the SQL. */
  readonly version: string;
  /** The command that makes this again. */
  readonly again: string;
  /** Why some cases were not asked. */
  readonly sample?: string;
  readonly cases: readonly CaseResult[];
}

/** Collects results of one test file. */
export class ResultsFile {
  readonly #cases: CaseResult[] = [];

  add(result: CaseResult): void {
    this.#cases.push(result);
  }

  /** @param part tells files of one engine apart */
  write(engine: string, part: string, about: Pick<EngineResults, 'version' | 'again' | 'sample'>): void {
    const folder = process.env['ROLLCALL_CONFORMANCE'];
    if (folder === undefined || folder === '') return;
    mkdirSync(folder, { recursive: true });
    const results: EngineResults = { engine, ...about, cases: this.#cases };
    writeFileSync(join(folder, `${engine}.${part}.json`), JSON.stringify(results));
  }
}
