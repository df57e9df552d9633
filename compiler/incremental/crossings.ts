/** What passing time alone can change: comparisons of a leaf's values with `as_of`. */
import { expressionsOf, inputsOf } from '../ir/relations.js';
import type { Expr, FnName, Relation } from '../ir/types.js';
import { childrenOf } from '../ir/walk.js';
import { originsOf } from './origins.js';
import { Untracked, type Crossing, type Tracking } from './tracked.js';

/**
 * By leaf, the instants whose passing may change the relation: each comparison with `as_of`, moved by a constant or not, turns
 * for a row just when `as_of` passes what the row has there. Throws `Untracked` where `as_of` is used in any other way.
 */
export function crossingsOf(root: Relation, tracking: Tracking): ReadonlyMap<Relation, readonly Crossing[]> {
  const found = new Map<Relation, Crossing[]>();
  for (const relation of tracking.topDown(root, inputsOf)) {
    if (tracking.of(relation)) continue;
    const inputs = inputsOf(relation);
    const compared = (value: Expr, offset: bigint): void => {
      for (const { leaf, expr } of originsOf(value, inputs, tracking)) {
        const own = found.get(leaf) ?? [];
        found.set(leaf, own);
        const same = (other: Crossing): boolean =>
          other.offset === offset && JSON.stringify(other.expr) === JSON.stringify(expr);
        if (!own.some(same)) own.push({ expr, offset });
      }
    };
    for (const expr of expressionsOf(relation)) walk(expr, compared);
  }
  return found;
}

const ORDER: ReadonlySet<FnName> = new Set<FnName>(['lt', 'le', 'gt', 'ge']);

function walk(expr: Expr, compared: (value: Expr, offset: bigint) => void): void {
  if (expr.kind === 'param') {
    if (CONSTANT.has(expr.name)) return;
    throw new Untracked(`${expr.name} is used otherwise than to be compared with`);
  }
  if (expr.kind === 'call' && ORDER.has(expr.fn)) {
    const [a, b] = expr.args;
    if (a && b) {
      const [left, right] = [offsetOf(a), offsetOf(b)];
      if (left !== undefined && right === undefined) {
        compared(b, left);
        return;
      }
      if (right !== undefined && left === undefined) {
        compared(a, right);
        return;
      }
    }
  }
  for (const child of childrenOf(expr)) walk(child, compared);
}

/** Parameters that say the same in every run. */
const CONSTANT: ReadonlySet<string> = new Set(['first_run_at', 'definition_no']);

/** How far an expression is from `as_of`; undefined where it is something else. */
function offsetOf(expr: Expr): bigint | undefined {
  if (expr.kind === 'param' && expr.name === 'as_of') return 0n;
  if (expr.kind !== 'call') return undefined;
  // Where it stands in for what is missing, what it stands in for does not move.
  if (expr.fn === 'coalesce') return offsetOf(expr.args.at(-1) ?? expr);
  if (expr.fn !== 'ts_add_micros') return undefined;
  const [instant, micros] = expr.args;
  const base = instant && offsetOf(instant);
  if (base === undefined || micros?.kind !== 'lit' || micros.literal.type !== 'int') return undefined;
  return base + BigInt(micros.literal.value);
}
