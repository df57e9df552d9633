/** Payloads on a line of their own. */
import { c, call, caseWhen, or, text } from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';

/** Line ends in JSON text stand between tokens only, so a space says the same. */
export function oneLine(payload: string): string {
  return /[\r\n]/.test(payload) ? payload.replace(/[\r\n]+/g, ' ') : payload;
}

/** As `oneLine`, of rows of the outbox in a warehouse: JSON that has line ends is written anew, compact. */
export function lineOf(rows: Relation): Expr {
  const payload = c(rows, 'payload');
  const has = (end: string): Expr => call('contains', payload, text(end));
  const compact = call('json_dump', call('parse_json', payload));
  return caseWhen([{ when: or(has('\n'), has('\r')), then: compact }], payload);
}
