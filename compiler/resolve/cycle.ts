import { ownerOf, type Spans } from '../../models/definition.js';
import type { Diagnostic } from '../diagnostics/index.js';
import type { Names } from './names.js';

/** Definitions that refer to each other in a circle, told where the first of them stands. */
export function cycleProblem(cycle: readonly string[], names: Names, spans: Spans): Diagnostic {
  const [first = ''] = cycle;
  const definition = names.definition(first);
  const span = definition && (spans.of(definition) ?? spans.of(ownerOf(definition)));
  return {
    code: 'cycle',
    severity: 'error',
    message: `Definitions refer to each other in a circle: ${cycle.join(' → ')}`,
    hint: 'break it by repeating the condition instead of one reference',
    definition: first,
    ...(span ? { span } : {}),
  };
}
