/** Guards: a definition whose size would move too far keeps what was published, until someone accepts the change. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import { ownerOf, shapeOf, type Guard } from '../models/definition.js';
import { spanOf } from '../models/source/spans.js';
import type { DefinitionScript } from './batches.js';
import type { HeldBack } from './api.js';
import type { ComputeContext } from './compute.js';
import { figure } from './figures.js';
import type { Counts } from './ledger.js';

/** A definition that its guard stops, and why. */
export interface Held {
  readonly item: DefinitionScript;
  readonly guard: HeldBack;
  readonly error: Diagnostic;
}

/** Those of what would be published that their guards stop. What was never published before is free. */
export function heldBack(
  items: readonly DefinitionScript[],
  counts: ReadonlyMap<number, Counts>,
  { guardOf, ledger, spans }: Pick<ComputeContext, 'guardOf' | 'ledger' | 'spans'>,
): readonly Held[] {
  return items.flatMap((item): readonly Held[] => {
    const { definition } = item.plan;
    const guard = guardOf(definition);
    const own = counts.get(item.definitionNo);
    if (!guard || !own || !ledger.wasPublished(definition.key)) return [];
    const { size: after, entered, exited } = own;
    const before = after - entered + exited;
    if (!exceeds(guard, before, after)) return [];
    const change_percent = before === 0 ? null : Math.round((Math.abs(after - before) * 1000) / before) / 10;
    const held = { before, after, change_percent, max_change_percent: guard.maxChangePercent };
    const what = shapeOf(definition.kind) === 'trait' ? 'values' : 'members';
    const moved =
      change_percent === null ? '' : ` (${change_percent} % ${after < before ? 'fewer' : 'more'})`;
    const error: Diagnostic = {
      code: 'guard-stopped',
      severity: 'error',
      message: `${definition.key} keeps its ${figure(before)} ${what}: this run came to ${figure(after)}${moved}, and its guard stops changes of more than ${guard.maxChangePercent} %`,
      hint: `rollcall preview ${definition.key} shows what it comes to; to publish it: rollcall run --accept ${definition.key}`,
      definition: definition.key,
      ...spanOf(spans, ownerOf(definition)),
    };
    return [{ item, guard: held, error }];
  });
}

/**
 * Whether a size moves further than a guard allows, as a percentage of the size before. Of nothing there is no
 * percentage: what was empty is stopped only where `min_size` says from which size on it counts.
 */
export function exceeds({ maxChangePercent, minSize }: Guard, before: number, after: number): boolean {
  if (before === after || Math.max(before, after) < (minSize ?? 0)) return false;
  if (before === 0) return minSize !== undefined;
  return Math.abs(after - before) * 100 > maxChangePercent * before;
}
