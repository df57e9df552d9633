import { Type } from '@sinclair/typebox';

import { DURATION_PATTERN } from '../duration.js';
import { INSTANT_PATTERN } from '../instant.js';
import { notes } from './notes.js';

/** Keys of definitions and destinations (SEMANTICS §2). */
export const KEY_PATTERN = '^[a-z0-9_]{1,255}$';

/** Every object is closed: an unknown key is a typing mistake, and silence would change a meaning. */
export const CLOSED = { additionalProperties: false } as const;

export function text(description: string) {
  return Type.String(notes({ minLength: 1, description, 'x-what': 'a string that is not empty' }));
}

export function key(description: string) {
  return Type.String(
    notes({
      pattern: KEY_PATTERN,
      description,
      'x-what': 'a key: lowercase letters, digits and "_", at most 255',
    }),
  );
}

/** An http or https address; a variable may stand for it or in it. */
export function httpAddress(description: string) {
  return Type.String(
    notes({
      pattern: '^([hH][tT][tT][pP][sS]?://[^ ]+|.*[$][{]env:.+[}].*)$',
      description,
      'x-what': 'an http or https address',
    }),
  );
}

export function flag(description: string) {
  return Type.Boolean({ description });
}

export function schemaKey() {
  return Type.Optional(
    Type.String({ description: 'The JSON Schema of this file, for completion in editors.' }),
  );
}

export const commonDefs = {
  Duration: Type.String(
    notes({
      pattern: DURATION_PATTERN,
      description: 'A whole number and a unit: "30 days". second, minute, hour, day (24 hours), week.',
      'x-what': 'a duration such as "30 days"',
      'x-check': 'duration',
    }),
  ),
  DurationRange: Type.Tuple(
    [Type.Ref('Duration'), Type.Ref('Duration')],
    notes({
      description: 'Between a and b ago, the shorter first: ["30 days", "90 days"].',
      'x-what': 'two durations, the shorter first: ["30 days", "90 days"]',
      'x-check': 'duration_range',
    }),
  ),
  Instant: Type.String(
    notes({
      pattern: INSTANT_PATTERN,
      description: 'An ISO 8601 date or instant; without an offset it is UTC.',
      'x-what': 'an ISO 8601 date or instant such as "2025-03-01T09:30:00Z"',
      'x-check': 'instant',
    }),
  ),
  Literal: Type.Union(
    [Type.Number(), Type.String(), Type.Boolean()],
    notes({
      description: 'A number compares as a number, a string as text, a boolean as a boolean.',
      'x-what': 'a number, a string or a boolean',
      'x-by': { by: 'type', types: [['number'], ['string'], ['boolean']] },
    }),
  ),
  LiteralList: Type.Array(
    Type.Ref('Literal'),
    notes({
      minItems: 1,
      description: 'One value or more.',
      'x-what': 'a list of numbers, strings or booleans',
    }),
  ),
  Texts: Type.Union(
    [Type.String(), Type.Array(Type.String(), { minItems: 1 })],
    notes({
      description: 'A string, or a list of which any may match.',
      'x-what': 'a string or a list of strings',
      'x-by': { by: 'type', types: [['string'], ['array']] },
    }),
  ),
};
