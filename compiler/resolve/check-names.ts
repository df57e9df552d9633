/** What can be told of a project's names before anything is known of its sources. */
import type { Project, Spans } from '../../models/definition.js';
import type { Vocabulary } from '../bind/index.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { checkAll } from './check-all.js';
import { Names } from './names.js';

/** A source of anything: what definitions ask sources for is there. */
const ANYTHING: Vocabulary = {
  name: 'any',
  config: { layout: 'messages' },
  hasEvent: () => true,
  eventNames: () => [],
  hasTrait: () => true,
  traitNames: () => [],
  missingValue: () => undefined,
};

/**
 * Audiences that nobody defined, circles, and operands out of place: what is wrong whatever the warehouse holds. A trait
 * that nothing defines may be a custom one, so nothing is said of it; nor of what queries read.
 */
export function checkNames(
  { definitions }: Pick<Project, 'definitions'>,
  spans: Spans,
): readonly Diagnostic[] {
  const none = { read: new Map(), bound: new Map(), unknown: [], diagnostics: [] };
  const names = new Names(definitions, [ANYTHING], none);
  const { diagnostics } = checkAll(definitions, names, [ANYTHING], undefined, spans);
  return diagnostics.filter(({ severity }) => severity === 'error');
}
