/** How the waiting messages of a destination are cut into pages. */
import type { Lanes, Page, Selection, Waiting } from './rows.js';

/** Messages held in memory at a time: some tens of megabytes. */
export const PAGE = 20_000;

/** Messages of a page that is read as it comes, and recorded at once: each page costs a look at the whole outbox. */
export const LONG_PAGE = 200_000;

interface PageOptions {
  /** Runs that are shorter share a page, and are read in order. */
  readonly size: number;
  /** Runs that are longer are cut by the lanes of their identifiers. Absent: never. */
  readonly longest?: number;
  readonly lanes: Lanes;
}

/** Consecutive runs share a page while they fit. A run that does not is read as it comes: within a run any order will do. */
export function pagesOf(
  selection: Selection,
  waiting: readonly Waiting[],
  { size, longest = Infinity, lanes }: PageOptions,
): readonly Page[] {
  const pages: Page[] = [];
  let open: Page | undefined;
  const flush = (): void => {
    if (open !== undefined) pages.push(open);
    open = undefined;
  };
  for (const { run, messages, fresh } of waiting) {
    if (open !== undefined && open.about + messages <= size) {
      open = { ...open, toRun: run, about: open.about + messages, fresh: open.fresh && fresh };
      continue;
    }
    flush();
    const whole = { selection, fromRun: run, toRun: run, lanes, about: messages, fresh };
    if (messages <= size) open = { ...whole, sorted: true };
    else pages.push(...cut({ ...whole, sorted: false }, Math.ceil(messages / longest)));
  }
  flush();
  return pages;
}

function cut(page: Page, parts: number): readonly Page[] {
  const { from, to } = page.lanes;
  const pieces = Math.max(1, Math.min(parts, to - from));
  const edge = (n: number): number => from + Math.floor((n * (to - from)) / pieces);
  return Array.from({ length: pieces }, (_, n) => ({
    ...page,
    lanes: { from: edge(n), to: edge(n + 1) },
    about: Math.ceil(page.about / pieces),
  }));
}
