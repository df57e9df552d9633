import type { Code } from '../../compiler/diagnostics/index.js';

/**
 * What our schemas say beyond JSON Schema, as `x-` keys. Inside, they are ajv keywords that pick the one
 * branch a person meant and word its errors; in the published files they become plain JSON Schema
 * (`publish.ts`). One source, two readings that accept the same files.
 */
export interface Notes {
  /** What belongs here, for messages: `a duration such as "30 days"`. */
  readonly 'x-what'?: string;
  readonly 'x-code'?: Code;
  readonly 'x-hint'?: string;
  /** Where other literals may stand and no boolean: what to write instead. */
  readonly 'x-no-boolean'?: string;
  /** A check beyond JSON Schema; inside, it replaces `pattern` and words the error itself. */
  readonly 'x-check'?: CheckName;
  /** How to choose among the members of a union, in their order. */
  readonly 'x-by'?: Choice;
  /** Made from `x-by` a key: exactly one of these keys says which form it is. */
  readonly 'x-form'?: readonly string[];
  /** Exactly one of these keys. */
  readonly 'x-exactly-one'?: {
    readonly keys: readonly string[];
    readonly what: string;
    readonly hint: string;
  };
  /** At most one of these groups; a group is present when any of its keys is. */
  readonly 'x-at-most-one'?: { readonly groups: readonly (readonly string[])[]; readonly hint: string };
}

export type CheckName =
  | 'duration'
  | 'duration_range'
  | 'instant'
  | 'instant_range'
  | 'stopped'
  | 'restarted'
  | 'regularly'
  | 'percent'
  | 'split'
  | 'random';

export type JsonType = 'string' | 'number' | 'boolean' | 'object' | 'array' | 'null';

export type Choice =
  /** By the key that is present. */
  | { readonly by: 'key'; readonly keys: readonly string[] }
  /** By JSON type; members of one type each, or several. */
  | { readonly by: 'type'; readonly types: readonly (readonly JsonType[])[] }
  /** By the value of one property; a last member without a value takes the rest of `open`. */
  | {
      readonly by: 'const';
      readonly property: string;
      /** Of each member its value, or all that it has. */
      readonly values: readonly (string | readonly string[])[];
    };

/** Schema options with our notes checked; TypeBox itself takes any key. */
export function notes<T extends Notes & { description?: string; [key: string]: unknown }>(options: T): T {
  return options;
}
