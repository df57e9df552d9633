/** Names for what a query makes up itself: its CTEs, its table aliases, its clashing columns. */

/** Hands out names that are unique without regard to case, as engines compare them. */
export class NamePool {
  readonly #used: Set<string>;
  /** By name in lower case, the number up to which all are taken: the definitions of a statement ask for few names, each many times. */
  readonly #next = new Map<string, number>();

  constructor(
    taken: Iterable<string>,
    private readonly maxLength: number,
  ) {
    this.#used = new Set();
    for (const name of taken) this.#used.add(name.toLowerCase());
  }

  /** The wanted name if it is free, else with a number. */
  take(wanted: string): string {
    const base = plainName(wanted, this.maxLength);
    const lower = base.toLowerCase();
    let name = lower;
    let n = this.#next.get(lower) ?? 1;
    while (this.#used.has(name)) name = `${lower}_${++n}`;
    this.#used.add(name);
    this.#next.set(lower, n);
    return `${base}${name.slice(lower.length)}`;
  }
}

/** Letters, digits and underscores only, not starting with a digit. */
export function sanitised(label: string): string {
  const plain = label.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  return plain === '' || /^[0-9]/.test(plain) ? `q_${plain}`.replace(/_$/, '') : plain;
}

/** The name a label gives where nothing else has it. */
export const plainName = (label: string, maxLength: number): string =>
  sanitised(label).slice(0, Math.min(maxLength, 60));

/** `order_completed` → `oc` */
export function initials(name: string): string {
  const words = name.toLowerCase().match(/[a-z]+/g) ?? ['t'];
  return words
    .slice(0, 4)
    .map((word) => word.charAt(0))
    .join('');
}

/**
 * What the columns of a CTE are called in it. An engine that ignores case would confuse `Plan` and `plan`,
 * so the later one gets a number; elsewhere names stay what they are.
 */
export function columnNames(columns: readonly { readonly name: string }[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const { name } of columns) {
    let unique = name;
    for (let n = 2; used.has(unique.toLowerCase()); n++) unique = `${name}_${n}`;
    used.add(unique.toLowerCase());
    names.set(name, unique);
  }
  return names;
}
