import { semiJoin, union } from '../ir/build.js';
import type { KeyPair, Relation } from '../ir/types.js';
import { numbering } from './alike.js';

/**
 * The union of parts, each made of some rows. What several rows are asked alike at last, to be among the same others (to be
 * known, most often), is asked once of the union of their parts.
 *
 * @param part what is made of some rows: each row of it of one of theirs, with the columns they are asked by
 */
export function askedOnce<T>(
  items: readonly T[],
  rowsOf: (item: T) => Relation,
  part: (item: T, rows: Relation) => Relation,
): Relation {
  const numberOf = numbering();
  const groups = new Map<string, { readonly asked?: Asked; readonly items: T[] }>();
  for (const [i, item] of items.entries()) {
    const rows = rowsOf(item);
    const asked = rows.kind === 'semi_join' ? { right: rows.right, on: rows.on } : undefined;
    const key = asked ? JSON.stringify([numberOf(asked.right), asked.on]) : `${i}`;
    const group = groups.get(key) ?? { ...(asked && { asked }), items: [] };
    group.items.push(item);
    groups.set(key, group);
  }
  return union(
    [...groups.values()].flatMap(({ asked, items: alike }) => {
      if (!asked || alike.length === 1) return alike.map((item) => part(item, rowsOf(item)));
      const all = union(alike.map((item) => part(item, leftOf(rowsOf(item)))));
      return [semiJoin(all, asked.right, asked.on)];
    }),
  );
}

interface Asked {
  readonly right: Relation;
  readonly on: readonly KeyPair[];
}

const leftOf = (rows: Relation): Relation => (rows.kind === 'semi_join' ? rows.left : rows);
