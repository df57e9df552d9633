import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Split } from '../algebra.js';
import { percentText, percentUnits, WHOLE } from '../percent.js';
import type { ObjectNode } from '../source/json.js';
import { asObject, asString, field, optionalString } from './context.js';

/** A stretch of percents with a name, `[from, to)`; decimal texts. */
export interface Share {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Named percents, one after the other in the order they are written. They are validated to come to 100.
 *
 * @param node `{ "control": 10, "a": 45, "b": 45 }`
 */
function sharesOf(node: ObjectNode): readonly Share[] {
  let end = 0n;
  return node.entries.map(({ key }) => {
    const start = end;
    end += percentUnitsOf(node, key);
    return Object.freeze({ name: key, from: percentText(start), to: percentText(end) });
  });
}

/** The part of everyone that a validated `"split": { … }` means. */
export function splitOf(node: ObjectNode): Split {
  const salt = asString(field(node, 'salt'));
  const shares = field(node, 'shares');
  if (shares !== undefined) {
    const taken = optionalString(node, 'take');
    const share = sharesOf(asObject(shares)).find(({ name }) => name === taken);
    if (share === undefined) throw new CompilerBug('a validated split takes no share');
    return { kind: 'split', salt, from: share.from, to: share.to };
  }
  const from = field(node, 'from') === undefined ? 0n : percentUnitsOf(node, 'from');
  const to = field(node, 'to') === undefined ? WHOLE : percentUnitsOf(node, 'to');
  return { kind: 'split', salt, from: percentText(from), to: percentText(to) };
}

/** A percent under a key, as its canonical decimal text. */
export const percentOf = (node: ObjectNode, key: string): string => percentText(percentUnitsOf(node, key));

/** A percent under a key, in millionths. */
export function percentUnitsOf(node: ObjectNode, key: string): bigint {
  const value = field(node, key)?.value;
  const units = typeof value === 'number' ? percentUnits(value) : undefined;
  if (units === undefined) throw new CompilerBug(`a validated file holds no percentage under ${key}`);
  return units;
}
