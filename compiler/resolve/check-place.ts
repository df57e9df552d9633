import type { EventStream, Stream } from '../../models/algebra.js';
import type { Definition } from '../../models/definition.js';
import type { Diagnostic } from '../diagnostics/index.js';

type Problem = Required<Pick<Diagnostic, 'message' | 'hint'>>;

/**
 * What is wrong with an event where it stands: in an entity, with words that only mean something inside another event, or only
 * outside.
 *
 * @param around the streams whose `where` it stands in, the outermost first
 * @param of whom the definition ranges over
 */
export function checkPlace(
  { event, by, expiresAfter, settled, parentWindow }: EventStream,
  around: readonly Stream[],
  of: Definition['of'],
): readonly Problem[] {
  const row = around.at(-1);
  if (row?.kind === 'entity')
    return [
      {
        message: `"${event}" is an event and stands in the entity "${row.entity}", whose rows have no time to come after`,
        hint: 'put the two beside each other under "all"',
      },
    ];
  const problems: Problem[] = [];
  if (by && of === 'users') {
    problems.push({
      message: '"by": "group_id" asks for events tagged with the account, and this definition is of users',
      hint: 'leave it out, or make the definition { "of": "accounts" }',
    });
  }
  if (expiresAfter && around.length > 0) {
    problems.push({
      message: '"expires_after" is about the last session of a profile, not about events after another',
      hint: 'leave it out, or say how long after its parent the event counts with "within_parent"',
    });
  }
  if (settled && around.length > 0 && !parentWindow) {
    problems.push({
      message: '"settled" waits until the time after the parent has passed, and here it has no end',
      hint: 'say how long with "within_parent" or "between_parent"',
    });
  }
  if (around.length === 0 && (parentWindow || settled)) {
    problems.push({
      message: 'A window after a parent belongs to an event inside the "where" of another',
      hint: 'use "within" or "between"',
    });
  }
  return problems;
}
