/** What can be told of a project's names before anything is known of its sources. */
import type { Definition, Project, Spans } from '../../models/definition.js';
import type { Vocabulary } from '../bind/index.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { topological } from '../plan/graph.js';
import { checkDefinition, type Checked } from './check.js';
import { cycleProblem } from './cycle.js';
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
  const checked = definitions.map((definition): readonly [Definition, Checked] => [
    definition,
    checkDefinition(definition, names, [ANYTHING], undefined, spans),
  ]);
  const { cycles } = topological(new Map(checked.map(([{ key }, { upstream }]) => [key, upstream])));
  return [
    ...checked.flatMap(([, { diagnostics }]) => diagnostics.filter(({ severity }) => severity === 'error')),
    ...cycles.map((cycle) => cycleProblem(cycle, names, spans)),
  ];
}
