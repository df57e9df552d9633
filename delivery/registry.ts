/** Every type of destination: a new one is one file and one line here. */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { orList } from '../compiler/diagnostics/suggest.js';
import type { Destination as DestinationDefinition, Spans } from '../models/definition.js';
import type { DestinationType, SettingsProblem } from './destination.js';
import { actionType } from './destinations/action.js';
import { file } from './destinations/file.js';
import { rudderstack } from './destinations/rudderstack.js';
import { segment } from './destinations/segment.js';
import { table } from './destinations/table.js';
import { webhook } from './destinations/webhook.js';

const TYPES: readonly DestinationType[] = [file, webhook, segment, rudderstack, table];

/** Finds a type by its name. */
export function destinationType(name: string): DestinationType | undefined {
  return TYPES.find((t) => t.type === name) ?? actionType(name);
}

/** Refuses settings that no delivery could use, of those that are enabled. Throws `UserError` (exit 2) with every problem. */
export function throwBadSettings(destinations: readonly DestinationDefinition[], spans?: Spans): void {
  const problems = checkDestinations(
    destinations.filter((d) => d.enabled),
    spans,
  );
  if (problems.length > 0) throw new UserError(problems);
}

/** What is wrong with destinations once variables are replaced: bad addresses, headers no server would take. */
export function checkDestinations(
  destinations: readonly DestinationDefinition[],
  spans?: Spans,
): readonly Diagnostic[] {
  return destinations.flatMap((definition) => {
    const at = place(definition, spans);
    const type = destinationType(definition.type);
    if (type === undefined) {
      const hint = `types are ${orList(TYPES.map((t) => t.type))}`;
      const message = `destination "${definition.key}" has the unknown type "${definition.type}"`;
      return [{ code: 'destination-settings', severity: 'error', message, hint, ...at } as const];
    }
    return [...type.check(definition.settings), ...insideProblems(definition)].map(
      ({ message, hint }): Diagnostic => {
        const text = `destination "${definition.key}": ${message}`;
        return {
          code: 'destination-settings',
          severity: 'error',
          message: text,
          ...(hint === undefined ? {} : { hint }),
          ...at,
        };
      },
    );
  });
}

/** What is written within the warehouse is written as it is. */
function insideProblems({ type, hash, identifierNames }: DestinationDefinition): readonly SettingsProblem[] {
  if (type !== table.type || (hash === undefined && identifierNames === undefined)) return [];
  const message = 'messages are neither hashed nor renamed on their way to a table of the warehouse';
  return [{ message, hint: 'leave out "hash" and "names": the table is read where everything else is' }];
}

/** Where a destination stands in its file, for a diagnostic. */
export function place(definition: DestinationDefinition, spans?: Spans): Pick<Diagnostic, 'span'> {
  const span = spans?.of(definition);
  return span === undefined ? {} : { span };
}
