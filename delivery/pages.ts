/** How the waiting messages of a destination are cut into pages. */
import { MESSAGE_ID_PREFIX } from '../compiler/program/messages.js';
import type { Page, Selection } from './outbox.js';

/** Messages held in memory at a time: some tens of megabytes. */
export const PAGE = 20_000;

interface PageOptions {
  readonly size: number;
  /** Cut a run that is larger than a page into ranges of message ids. Else it is one long page, unsorted. */
  readonly split: boolean;
}

/**
 * Consecutive runs share a page while they fit. Message ids are a prefix and a hash, so equal ranges
 * of the hash's first digits hold about equally many.
 */
export function pagesOf(
  selection: Selection,
  waiting: ReadonlyMap<number, number>,
  { size, split }: PageOptions,
): readonly Page[] {
  const pages: Page[] = [];
  let open: Page | undefined;
  const flush = (): void => {
    if (open !== undefined) pages.push(open);
    open = undefined;
  };
  for (const [run, about] of waiting) {
    if (open !== undefined && open.about + about <= size) {
      open = { ...open, toRun: run, about: open.about + about };
      continue;
    }
    flush();
    if (about <= size) open = { selection, fromRun: run, toRun: run, about, sorted: true };
    else if (split) pages.push(...splitRun(selection, run, about, size));
    else pages.push({ selection, fromRun: run, toRun: run, about, sorted: false });
  }
  flush();
  return pages;
}

/** Four hexadecimal digits are as fine as any page needs. */
const DIGITS = 4;

function splitRun(selection: Selection, run: number, messages: number, size: number): readonly Page[] {
  const parts = Math.min(Math.ceil(messages / size), 16 ** DIGITS);
  const edge = (n: number): string => {
    const digits = Math.floor((n * 16 ** DIGITS) / parts).toString(16);
    return MESSAGE_ID_PREFIX + digits.padStart(DIGITS, '0');
  };
  return Array.from({ length: parts }, (_, n) => ({
    selection,
    fromRun: run,
    toRun: run,
    about: Math.ceil(messages / parts),
    sorted: true,
    ...(n === 0 ? {} : { fromId: edge(n) }),
    ...(n === parts - 1 ? {} : { toId: edge(n + 1) }),
  }));
}
