/**
 * What an engine under test cannot do, case by case, as data: `marks/<engine>.json`. A marked case is not run and is
 * counted in the report with its reason; a mark of a case there is not is an error, so that none outlives its case.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Way } from './engine.js';

/** Not built on this engine; not built yet, and will be; cannot be on this engine. */
export type MarkKind = 'notimpl' | 'notyet' | 'never';

export interface Mark {
  /** `<file>: <name>` of a case, or `<file>: *`. */
  readonly case: string;
  /** Only this way is not run; by default neither. */
  readonly way?: Way;
  readonly mark: MarkKind;
  readonly reason: string;
}

const FOLDER = join(import.meta.dirname, 'marks');

/** The marks of an engine; none where it has no file. */
export function marksOf(engine: string): readonly Mark[] {
  const file = join(FOLDER, `${engine}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Mark[]) : [];
}

/** The mark that keeps a case from being run in a way. */
export const markOf = (marks: readonly Mark[], title: string, way: Way): Mark | undefined =>
  marks.find(
    (mark) =>
      (mark.way === undefined || mark.way === way) &&
      (mark.case === title || (mark.case.endsWith(': *') && title.startsWith(mark.case.slice(0, -1)))),
  );
