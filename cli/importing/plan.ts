/** Which items of listings can be written where. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import type { Converted, Project } from '../../models/index.js';

export interface PlannedItem extends Converted {
  /** Relative to the project, with forward slashes. */
  readonly file: string;
}

export interface ImportPlan {
  readonly writable: readonly PlannedItem[];
  readonly refused: readonly PlannedItem[];
}

export interface PlanOptions {
  readonly project: Project;
  /** Keys of definitions that could not be read. */
  readonly brokenKeys: ReadonlySet<string>;
  /** Folder for new files, relative to the project. */
  readonly into: string;
  /** A key or file that is there already is replaced. */
  readonly force: boolean;
}

/** Gives each item its file, and refuses what would overwrite something. */
export function planImport(items: readonly Converted[], options: PlanOptions): ImportPlan {
  const existing = new Map(options.project.definitions.map(({ key, file }) => [key, file]));
  const taken = new Map<string, Converted>();
  const renamed = new Map(
    items.flatMap(({ renamedFrom, key }) => (renamedFrom === undefined ? [] : [[renamedFrom, key]])),
  );
  const writable: PlannedItem[] = [];
  const refused: PlannedItem[] = [];
  for (const item of items) {
    const at = existing.get(item.key);
    // A definition that is replaced stays where it is.
    const file = (options.force ? at : undefined) ?? `${options.into}/${item.key}.json`;
    const stale = item.refersTo.filter((name) => renamed.has(name));
    const notes = [
      ...item.notes,
      ...stale.map(
        (name) => `reads ${JSON.stringify(name)}, whose key is now ${renamed.get(name) ?? ''}: change it`,
      ),
    ];
    const planned = { ...item, notes, file };
    if (item.errors.length > 0) refused.push(planned);
    else {
      const conflict = conflictOf(item, file, at, taken, options);
      taken.set(item.key, taken.get(item.key) ?? item);
      if (conflict === undefined) writable.push(planned);
      else refused.push({ ...planned, errors: [problem(item, conflict)] });
    }
  }
  return { writable, refused };
}

interface Conflict {
  readonly message: string;
  readonly hint: string;
}

function conflictOf(
  { key, renamedFrom }: Converted,
  file: string,
  at: string | undefined,
  taken: ReadonlyMap<string, Converted>,
  { force, brokenKeys, project }: PlanOptions,
): Conflict | undefined {
  const quoted = JSON.stringify(key);
  const other = taken.get(key);
  if (other !== undefined) {
    const from = renamedFrom ?? other.renamedFrom;
    const why = from === undefined ? '' : ` (made of ${JSON.stringify(from)})`;
    return { message: `the key ${quoted}${why} is listed twice`, hint: 'change one of them in the listing' };
  }
  if (brokenKeys.has(key)) {
    return { message: `a file with errors has the key ${quoted}`, hint: 'mend or remove that file first' };
  }
  if (force) return undefined;
  const hint = '--force replaces it';
  if (at !== undefined) return { message: `the key ${quoted} is already used in ${at}`, hint };
  return existsSync(join(project.dir, file))
    ? { message: `there is a file ${file} already`, hint }
    : undefined;
}

function problem({ at, key }: Converted, { message, hint }: Conflict): Diagnostic {
  const span = at.source.span(at.start, at.end);
  return { code: 'duplicate-key', severity: 'error', message, hint, span, definition: key };
}
