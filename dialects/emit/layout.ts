/** Where lines break. Widths are a matter of looks only; literals are never touched. */
import type { Sql } from '../dialect.js';

const WIDTH = 90;

const PADS = Array.from({ length: 24 }, (_, indent) => '  '.repeat(indent));

/** Leading spaces of a depth. */
export function pad(indent: number): string {
  return PADS[indent] ?? '  '.repeat(indent);
}

/** Operands joined by `and` or `or`: on one line when they fit, else one a line. */
export function breakLines(operands: readonly Sql[], operator: string, indent: number): Sql {
  const oneLine = operands.join(` ${operator} `);
  if (fits(oneLine)) return oneLine;
  return operands.join(`\n${pad(indent + 1)}${operator} `);
}

/** A list of a clause, an item a line, starting on a line of its own. */
export function itemLines(items: readonly Sql[], indent: number): Sql {
  const start = `\n${pad(indent + 1)}`;
  return start + items.join(`,${start}`);
}

/** Conjuncts of WHERE, HAVING or ON, one a line after the first. */
export function conjunctLines(conjuncts: readonly Sql[], indent: number): Sql {
  return conjuncts.join(`\n${pad(indent + 1)}and `);
}

/** A clause inside parentheses: on one line when it fits, else an item a line. */
export function clauseLines(keyword: string, items: readonly Sql[], indent: number): Sql {
  const oneLine = `${keyword} ${items.join(', ')}`;
  return fits(oneLine) ? oneLine : `${keyword}${itemLines(items, indent)}`;
}

/** Clauses inside parentheses: on one line when they fit, else a clause a line. */
export function inParentheses(clauses: readonly Sql[], indent: number): Sql {
  const oneLine = clauses.join(' ');
  if (fits(oneLine)) return oneLine;
  const start = `\n${pad(indent + 1)}`;
  return `${start}${clauses.join(start)}\n${pad(indent)}`;
}

const fits = (line: Sql): boolean => line.length <= WIDTH && !line.includes('\n');
