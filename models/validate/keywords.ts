import type { CheckName, Notes } from '../schema/notes.js';
import { CHECKS } from './checks.js';

/** What our own keywords demand of a value, beside JSON Schema's. */
export const KEYWORDS = {
  'x-form': {
    type: 'object',
    schemaType: 'array',
    holds: (keys: readonly string[], value: object) => presentKeys(keys, value).length === 1,
  },
  'x-exactly-one': {
    type: 'object',
    schemaType: 'object',
    holds: (note: NonNullable<Notes['x-exactly-one']>, value: object) =>
      presentKeys(note.keys, value).length === 1,
  },
  'x-at-most-one': {
    type: 'object',
    schemaType: 'object',
    holds: (note: NonNullable<Notes['x-at-most-one']>, value: object) =>
      note.groups.filter((group) => presentKeys(group, value).length > 0).length <= 1,
  },
  'x-check': {
    type: undefined, // a check looks at what it is given
    schemaType: 'string',
    holds: (name: CheckName, value: unknown) => CHECKS[name](value) === undefined,
  },
} as const;

/** The keys of `keys` an object has; inherited names such as `constructor` do not count. */
export function presentKeys(keys: readonly string[], value: object): string[] {
  return keys.filter((key) => Object.hasOwn(value, key));
}
