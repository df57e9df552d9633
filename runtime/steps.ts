/** The steps of a backfill: the instants from one to another, and which of them are left to be run. */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import type { DefinitionRow } from './existing.js';
import { isoOf, microsOf } from './instants.js';

/** Instants at equal distances, the first and, where it is one of them, the last included. */
export interface Grid {
  readonly from: bigint;
  readonly to: bigint;
  readonly every: bigint;
}

/** How many steps a grid has. */
export const stepsOf = ({ from, to, every }: Grid): number => Number((to - from) / every) + 1;

/** The instant of a step, the first being 0. ISO. */
export const stepAt = ({ from, every }: Grid, index: number): string => isoOf(from + BigInt(index) * every);

/** What is known of the runs there were. */
export interface Past {
  /** The `as_of` of the last run that published something. */
  readonly last: string | undefined;
  /** The `as_of` of every run since the beginning that did. */
  readonly ran: readonly string[];
  /** Rows of the enabled definitions selected; undefined for one that has none. */
  readonly selected: readonly (DefinitionRow | undefined)[];
}

/**
 * The index of the first step that is left. History is built oldest first, so what lies before a selected definition's last
 * run is done, or is refused where no run was made of it; what lies before another definition's is refused unless
 * `behind` allows it.
 *
 * @throws UserError `invalid-as-of`, with the step that cannot be run
 */
export function firstStepLeft(grid: Grid, past: Past, behind: boolean): number {
  const { from, every } = grid;
  const last = past.selected.map((row) => (row?.lastAsOf == null ? undefined : microsOf(row.lastAsOf)));
  const known = last.filter((at): at is bigint => at !== undefined);
  const least = known.length === last.length ? extreme(known, (a, b) => a < b) : undefined;
  const done =
    least === undefined || least < from ? 0 : Math.min(Number((least - from) / every) + 1, stepsOf(grid));
  const ran = new Set(past.ran.map((at) => microsOf(at)));
  for (let i = 0; i < done; i++) {
    const at = stepAt(grid, i);
    if (!ran.has(microsOf(at))) throw refused(at, least === undefined ? at : isoOf(least), APART);
  }
  if (done === stepsOf(grid)) return done;
  const next = from + BigInt(done) * every;
  const later = known.filter((at) => at > next);
  if (later.length > 0) {
    throw refused(
      isoOf(next),
      isoOf(extreme(later, (a, b) => a > b) ?? next),
      behind ? SELECT : SELECT_BEHIND,
    );
  }
  if (!behind && past.last !== undefined && microsOf(past.last) > next) {
    throw refused(isoOf(next), past.last, 'add --as-of-behind to build it all the same, of what is selected');
  }
  return done;
}

const APART = 'history is built oldest first: use a schema of its own, or begin after the last run';
const SELECT = 'history is built oldest first: --select only what was not run since';
const SELECT_BEHIND = `${SELECT}, with --as-of-behind`;

function refused(step: string, last: string, hint: string): UserError {
  const message = `there is no run as of ${step}, and it lies before the last run's ${last}`;
  const diagnostic: Diagnostic = { code: 'invalid-as-of', severity: 'error', message, hint };
  return new UserError(diagnostic);
}

function extreme(of: readonly bigint[], better: (a: bigint, b: bigint) => boolean): bigint | undefined {
  const [first, ...rest] = of;
  return first === undefined ? undefined : rest.reduce((a, b) => (better(b, a) ? b : a), first);
}
