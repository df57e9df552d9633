/** Which calls of one SELECT list ask the same of one value, but for a path: engines may answer them together. */
import type { Expr, FnName } from '../../compiler/ir/types.js';
import { walkExpr } from '../../compiler/ir/walk.js';

export type CallExpr = Extract<Expr, { kind: 'call' }>;

/**
 * Calls of the same function on the same value, by each of them, where one at least is computed of every row: in branches alone
 * an engine would compute for rows that no branch wants.
 *
 * @param functions those that an engine answers together
 */
export function callsBeside(
  items: readonly (Expr | { readonly kind: 'opaque' })[],
  functions: ReadonlySet<FnName>,
): ReadonlyMap<CallExpr, readonly CallExpr[]> {
  const groups: { fn: string; of: Expr; calls: CallExpr[]; always: boolean }[] = [];
  const groupOf = (call: CallExpr): (typeof groups)[number] | undefined => {
    const [of] = call.args;
    if (!of || !functions.has(call.fn)) return undefined;
    const found = groups.find((g) => g.fn === call.fn && same(g.of, of));
    if (found) return found;
    const made = { fn: call.fn, of, calls: [], always: false };
    groups.push(made);
    return made;
  };
  for (const item of items) {
    if (item.kind === 'opaque' || item.kind === 'agg') continue;
    for (const expr of walkExpr(item)) {
      const group = expr.kind === 'call' ? groupOf(expr) : undefined;
      if (!group || expr.kind !== 'call') continue;
      group.calls.push(expr);
      group.always ||= expr === item;
    }
  }
  const shared = groups.filter(({ always, calls }) => always && calls.length > 1);
  return new Map(shared.flatMap(({ calls }) => calls.map((call) => [call, calls] as const)));
}

/** Whether two expressions are made alike of columns and literals. */
function same(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.kind === 'col') return b.kind === 'col' && a.name === b.name && sourceOf(a) === sourceOf(b);
  if (a.kind === 'lit') return b.kind === 'lit' && JSON.stringify(a.literal) === JSON.stringify(b.literal);
  if (a.kind !== 'call' || b.kind !== 'call' || a.fn !== b.fn || a.args.length !== b.args.length)
    return false;
  return a.args.every((arg, i) => same(arg, b.args[i] ?? arg));
}

/** Columns of a block know their source. */
const sourceOf = (e: Expr): unknown => ('source' in e ? e.source : undefined);
