import type { Code } from '../../compiler/diagnostics/index.js';
import { durationMicros } from '../algebra.js';
import { parseDuration } from '../duration.js';
import { instantHint, parseInstant } from '../instant.js';
import type { CheckName } from '../schema/notes.js';

export interface CheckFailure {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
}

/** What is wrong with a value that has the right JSON type; undefined when nothing is, or the type is not. */
export const CHECKS: Readonly<Record<CheckName, (value: unknown) => CheckFailure | undefined>> = {
  duration(value) {
    if (typeof value !== 'string') return undefined;
    const parsed = parseDuration(value);
    if (parsed.ok) return undefined;
    const { message, hint } = parsed;
    return { code: 'invalid-duration', message, ...(hint === undefined ? {} : { hint }) };
  },

  duration_range(value) {
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [a, b] = value.map((text) => (typeof text === 'string' ? parseDuration(text) : undefined));
    if (!a?.ok || !b?.ok || durationMicros(a.value) < durationMicros(b.value)) return undefined;
    const isSame = durationMicros(a.value) === durationMicros(b.value);
    const exchanged = `[${JSON.stringify(value[1])}, ${JSON.stringify(value[0])}]`;
    return {
      code: 'invalid-value',
      message: 'the first duration must be the shorter',
      hint: isSame ? 'both are of the same length' : `exchange the two: ${exchanged}`,
    };
  },

  instant(value) {
    if (typeof value !== 'string' || parseInstant(value) !== undefined) return undefined;
    const message = `${JSON.stringify(value)} is not an ISO 8601 date or instant`;
    return { code: 'invalid-instant', message, hint: instantHint(value) };
  },

  instant_range(value) {
    if (typeof value !== 'object' || value === null || !('since' in value) || !('until' in value))
      return undefined;
    const { since, until } = value;
    if (typeof since !== 'string' || typeof until !== 'string') return undefined;
    const [from, to] = [parseInstant(since), parseInstant(until)];
    if (from === undefined || to === undefined || from <= to) return undefined;
    return { code: 'invalid-value', message: '"until" is before "since": no event can be in between' };
  },
};
