/** Values on their way into a scratch table: each knows its type, and a column takes the type of all of its values. */
import * as ir from '../../compiler/ir/build.js';
import type { Expr, ScalarType } from '../../compiler/ir/types.js';
import { compactJson, NumberText, parseInstant, plainNumber, type JsonTree } from '../../models/index.js';

export interface Cell {
  readonly type: ScalarType;
  /** As text columns have it; of an instant, its ISO text. */
  readonly text: string;
}

export type Cells = Readonly<Record<string, Cell>>;

export const textCell = (text: string): Cell => ({ type: 'text', text });
export const instantCell = (iso: string): Cell => ({ type: 'timestamp', text: iso });
export const jsonCell = (tree: JsonTree): Cell => ({ type: 'json', text: compactJson(tree) });

/** What our exact decimal holds: 38 digits, 9 of them after the point. */
const DECIMAL = /^-?\d{1,29}(\.\d{1,9})?$/;
const INTEGER = /^-?\d{1,18}$/;

/** A JSON value as a column of its own has it; null and absent are the same there. Lists and objects are JSON text. */
export function valueCell(value: JsonTree): Cell | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean') return { type: 'bool', text: String(value) };
  if (typeof value === 'string') return textCell(value);
  if (!(value instanceof NumberText)) return textCell(compactJson(value));
  const text = plainNumber(value.text);
  return { type: INTEGER.test(text) ? 'int' : DECIMAL.test(text) ? 'number' : 'text', text };
}

/** The narrowest type that holds values of both. */
export function commonType(a: ScalarType, b: ScalarType): ScalarType {
  if (a === b) return a;
  const numeric = (type: ScalarType): boolean => type === 'int' || type === 'number';
  return numeric(a) && numeric(b) ? 'number' : 'text';
}

/** A value as a column of a type has it. */
export function cellExpr(cell: Cell | undefined, type: ScalarType): Expr {
  if (cell === undefined) return ir.nul(type);
  switch (type) {
    case 'bool':
      return ir.bool(cell.text === 'true');
    case 'timestamp': {
      const micros = parseInstant(cell.text);
      return micros === undefined ? ir.nul(type) : ir.lit({ type, value: micros.toString() });
    }
    default:
      return ir.lit({ type, value: cell.text });
  }
}
