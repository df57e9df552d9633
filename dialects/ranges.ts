/** Ranges of numbers, and what is left of them. */

/** Numbers from `from` up to, and without, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whether a number is in both. */
export const overlap = (a: Range, b: Range): boolean => a.from < b.to && b.from < a.to;

/**
 * The first free stretch of a range, at most `width` long; of a stretch that is shorter, all.
 *
 * @returns undefined where nothing is free
 */
export function firstGap(whole: Range, taken: readonly Range[], width: number): Range | undefined {
  let { from } = whole;
  for (const other of [...taken].sort((a, b) => a.from - b.from)) {
    if (other.from > from) break;
    from = Math.max(from, other.to);
  }
  if (from >= whole.to) return undefined;
  const next = taken.filter((other) => other.from > from).map((other) => other.from);
  return { from, to: Math.min(from + width, whole.to, ...next) };
}
