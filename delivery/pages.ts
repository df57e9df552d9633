/** How the waiting messages of a destination are cut into pages. */
import type { Lanes, Page, Selection, Waiting } from './rows.js';

/** Messages held in memory at a time: some tens of megabytes. */
export const PAGE = 20_000;

/** Messages of a page that is read as it comes, and recorded at once: each page costs a look at the whole outbox, twice. */
export const LONG_PAGE = 200_000;

/** Of one that is a file: nothing of it is held open, nor in memory. */
export const FILED_PAGE = 500_000;

/** The most of such a page, where they go fast: some hundreds of megabytes on the disk, or what they are called in memory. */
export const LONGEST_PAGE = 1_000_000;

interface PageOptions {
  /** Runs that are shorter share a page, and are read in order. */
  readonly size: number;
  /** Runs that are longer are cut by the lanes of their identifiers: asked before each cut. Absent: never. */
  readonly longest?: () => number;
  readonly lanes: Lanes;
}

/** Consecutive runs share a page while they fit. A run that does not is read as it comes: within a run any order will do. */
export function* pagesOf(
  selection: Selection,
  waiting: readonly Waiting[],
  { size, longest = () => Infinity, lanes }: PageOptions,
): Generator<Page, void, undefined> {
  let open: Page | undefined;
  for (const { run, messages, fresh } of waiting) {
    if (open !== undefined && open.about + messages <= size) {
      open = { ...open, toRun: run, about: open.about + messages, fresh: open.fresh && fresh };
      continue;
    }
    if (open !== undefined) yield open;
    const whole = { selection, fromRun: run, toRun: run, lanes, about: messages, fresh };
    open = messages <= size ? { ...whole, sorted: true } : undefined;
    if (open === undefined) yield* cut({ ...whole, sorted: false }, longest);
  }
  if (open !== undefined) yield open;
}

/** Cuts a page in parts that are no longer than is said, and of what is left about equal. */
function* cut(page: Page, longest: () => number): Generator<Page, void, undefined> {
  const { from, to } = page.lanes;
  const share = page.about / Math.max(1, to - from);
  for (let at = from; at < to;) {
    const left = to - at;
    const pieces = Math.max(1, Math.min(left, Math.ceil((left * share) / longest())));
    const width = pieces === 1 ? left : Math.max(1, Math.round(left / pieces));
    yield { ...page, lanes: { from: at, to: at + width }, about: Math.ceil(width * share) };
    at += width;
  }
}
