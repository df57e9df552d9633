import type { Code } from '../../compiler/diagnostics/index.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import { durationMicros, type Duration } from '../algebra.js';
import { LIMIT, parseDuration } from '../duration.js';
import { instantHint, parseInstant } from '../instant.js';
import { percentText, percentUnits, WHOLE } from '../percent.js';
import type { CheckName } from '../schema/notes.js';

export interface CheckFailure {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
  /** The key of the object at which it is told; the value as a whole where there is none. */
  readonly at?: string;
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
    const message = '"until" is before "since": no event can be in between';
    return { code: 'invalid-value', message, at: 'until' };
  },

  stopped(value) {
    const [quiet, within] = durationsOf(value, 'for', 'within');
    if (quiet === undefined || within === undefined) return undefined;
    if (durationMicros(quiet) < durationMicros(within)) return undefined;
    return {
      code: 'invalid-value',
      message: '"within" must be longer than "for": it counts from as_of too',
      hint: 'leave it out where it does not matter how long ago',
      at: 'within',
    };
  },

  restarted(value) {
    const [within, after] = durationsOf(value, 'within', 'after');
    if (within === undefined || after === undefined) return undefined;
    if (durationMicros(within) + durationMicros(after) <= LIMIT) return undefined;
    return { code: 'invalid-duration', message: 'the two together are more than 1000 years', at: 'after' };
  },

  regularly(value) {
    const { at_least: least, of } = fieldsOf(value);
    if (typeof least !== 'number' || typeof of !== 'number') return undefined;
    if (least > of) {
      const message = `${least} of ${of} periods is more than there are`;
      return { code: 'invalid-value', message, hint: '"at_least" is at most "of"', at: 'at_least' };
    }
    const [every] = durationsOf(value, 'every');
    if (every === undefined || !Number.isInteger(of) || durationMicros(every) * BigInt(of) <= LIMIT)
      return undefined;
    return { code: 'invalid-duration', message: 'the periods together are more than 1000 years', at: 'of' };
  },

  percent(value) {
    if (typeof value !== 'number' || value <= 0 || value > 100) return undefined;
    if (percentUnits(value) !== undefined) return undefined;
    const message = `${value} has more than six digits after the point`;
    return { code: 'invalid-value', message, hint: 'round it' };
  },

  split(value) {
    const { shares, take, from = 0, to = 100 } = fieldsOf(value);
    const { from: givenFrom, to: givenTo } = fieldsOf(value);
    const bounded = givenFrom !== undefined || givenTo !== undefined;
    if (shares !== undefined && bounded) {
      return {
        code: 'ambiguous-form',
        message: '"shares" and bounds at once',
        hint: 'keep "shares" and "take", or "from" and "to"',
        at: 'shares',
      };
    }
    if (shares !== undefined || take !== undefined) return sharesFailure(shares, take);
    if (!bounded) {
      const hint = 'add "from" and "to", or "shares" and "take"';
      return { code: 'missing-key', message: 'it says no part', hint };
    }
    if (typeof from !== 'number' || typeof to !== 'number') return undefined;
    if (percentUnits(from) === undefined && from >= 0 && from <= 100) {
      const message = `${from} has more than six digits after the point`;
      return { code: 'invalid-value', message, hint: 'round it', at: 'from' };
    }
    if (from < to) return undefined;
    const at = givenTo === undefined ? 'from' : 'to';
    return { code: 'invalid-value', message: `there is nothing from ${from} to ${to} percent`, at };
  },

  random(value) {
    const { branches } = fieldsOf(value);
    if (!Array.isArray(branches) || branches.length < 2) return undefined;
    const failure = sumFailure(branches.map((branch) => fieldsOf(branch)['share']));
    return failure && { ...failure, at: 'branches' };
  },
};

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function durationsOf(value: unknown, ...keys: readonly string[]): readonly (Duration | undefined)[] {
  return keys.map((key) => {
    const text = fieldsOf(value)[key];
    const parsed = typeof text === 'string' ? parseDuration(text) : undefined;
    return parsed?.ok ? parsed.value : undefined;
  });
}

/** Shares are percents that come to 100, of which one is taken. */
function sharesFailure(shares: unknown, take: unknown): CheckFailure | undefined {
  if (shares === undefined) {
    return { code: 'missing-key', message: '"take" names one of "shares", and there are none', at: 'take' };
  }
  if (typeof shares !== 'object' || shares === null || Array.isArray(shares)) return undefined;
  const names = Object.keys(shares);
  if (take === undefined) {
    const hint = `write "take": ${JSON.stringify(names[0] ?? '')}`;
    return {
      code: 'missing-key',
      message: '"take" is missing: which of the shares is meant?',
      hint,
      at: 'shares',
    };
  }
  if (typeof take === 'string' && !names.includes(take)) {
    const hint = didYouMean(take, names) ?? `the shares are ${orList(names)}`;
    return {
      code: 'unknown-reference',
      message: `there is no share ${JSON.stringify(take)}`,
      hint,
      at: 'take',
    };
  }
  const failure = sumFailure(Object.values(shares as Record<string, unknown>));
  return failure && { ...failure, at: 'shares' };
}

/** What is wrong with percents that do not come to 100; undefined where one of them is no percent. */
function sumFailure(shares: readonly unknown[]): CheckFailure | undefined {
  let sum = 0n;
  for (const percent of shares) {
    const units = typeof percent === 'number' && percent > 0 ? percentUnits(percent) : undefined;
    if (units === undefined) return undefined; // told of the share itself
    sum += units;
  }
  if (sum === WHOLE) return undefined;
  const off =
    sum < WHOLE
      ? `${percentText(WHOLE - sum)} percent are missing`
      : `${percentText(sum - WHOLE)} percent are too many`;
  return {
    code: 'invalid-value',
    message: `the shares come to ${percentText(sum)} percent, not 100`,
    hint: off,
  };
}
