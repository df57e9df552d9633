/** How a list's messages say which list they are of, and what is to be done. */
import type { OutboxMessage } from '../destination.js';

/** Members of a JSON object, as text: `"list":"buyers","operation":"add"`. */
export function listMembers({ definition, value }: OutboxMessage): string {
  return `"list":${JSON.stringify(definition)},"operation":"${value === 'true' ? 'add' : 'remove'}"`;
}
