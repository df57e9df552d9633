/** The life of a project on an engine, a test a step; and what became of it, for the report. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MarkKind } from '../engines/marks.js';
import { LIFE, Lives } from './life.js';
import type { Site } from './player.js';

/** A step that is not played, and why; `*` is all of them. Else only steps that leave nothing may be left out. */
export interface StepMark {
  readonly step: string;
  readonly mark: MarkKind;
  readonly reason: string;
}

export interface LifeResults {
  readonly engine: string;
  /** What executed the SQL. */
  readonly version: string;
  readonly again: string;
  readonly steps: readonly {
    readonly step: string;
    readonly status: 'passed' | 'failed' | MarkKind;
    readonly reason?: string;
  }[];
}

export interface LifeOn {
  readonly name: string;
  readonly site: () => Promise<Site>;
  readonly version: () => Promise<string>;
  readonly again: string;
  readonly marks: readonly StepMark[];
}

/** Defines the tests. With `ROLLCALL_SCENARIO_RESULTS` set, `results/<name>.json` is written. */
export function livesOn({ name, site, version, again, marks }: LifeOn): void {
  const known = ['*', ...LIFE.map((step) => step.name)];
  const results: LifeResults['steps'][number][] = [];

  describe(`a project's life on ${name}`, () => {
    let lives: Lives | undefined;
    beforeAll(async () => {
      if (!marks.some(({ step }) => step === '*')) lives = new Lives(await site());
    });
    afterAll(async () => {
      await lives?.clear();
      if (process.env['ROLLCALL_SCENARIO_RESULTS'] === undefined) return;
      const folder = join(import.meta.dirname, 'results');
      mkdirSync(folder, { recursive: true });
      const all: LifeResults = { engine: name, version: await version(), again, steps: results };
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(all, null, 2)}\n`);
    });

    it('marks name steps that there are', () => {
      expect(marks.map(({ step }) => step).filter((step) => !known.includes(step))).toEqual([]);
    });

    for (const step of LIFE) {
      const marked = marks.find((one) => one.step === step.name || one.step === '*');
      if (marked) {
        results.push({ step: step.name, status: marked.mark, reason: marked.reason });
        continue;
      }
      it(step.name, { timeout: 300_000 }, async () => {
        const result = { step: step.name, status: 'failed' as 'failed' | 'passed' };
        results.push(result);
        const { expected, actual } = (await lives?.play(step)) ?? {};
        expect(actual).toBeDefined();
        expect(actual).toEqual(expected);
        result.status = 'passed';
      });
    }
  });
}
