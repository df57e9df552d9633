/**
 * Exact decimals (SEMANTICS §10, Numbers): 38 digits, 9 of them after the point, held as a bigint scaled by 1e9.
 * Finer digits round half away from zero; a number of 1e29 or more, either sign, is missing (`undefined`).
 */

const FRACTION_DIGITS = 9;
const SCALE = 10n ** BigInt(FRACTION_DIGITS);
/** 10^29, scaled. */
const LIMIT = 10n ** 38n;

const NUMERIC_TEXT = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;

/** A number a reducer computed. Its own class so that it is never mistaken for a JSON number of a message. */
export class Decimal {
  constructor(readonly scaled: bigint) {}

  static ofInteger(value: number | bigint): Decimal {
    return new Decimal(BigInt(value) * SCALE);
  }
}

/** The scaled value, or `undefined` when it is out of range. */
export function inRange(scaled: bigint): bigint | undefined {
  return scaled > -LIMIT && scaled < LIMIT ? scaled : undefined;
}

/** `numerator / denominator` rounded half away from zero; `denominator` is positive. */
export function divideHalfAway(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/**
 * Reads numeric text: a decimal number with optional sign, fraction and exponent, nothing around it.
 * Returns the scaled value, or `undefined` for any other text and for a number out of range.
 */
export function parseDecimal(text: string): bigint | undefined {
  const match = NUMERIC_TEXT.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fractionAfterWhole = '', fractionAlone = '', exponent = '0'] = match;
  const fraction = fractionAfterWhole + fractionAlone;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return 0n;

  // value = digits × 10^power. The two early exits keep a hostile exponent from building a giant bigint.
  const power = Number(exponent) - fraction.length;
  if (digits.length + power > 30) return undefined;
  if (digits.length + power < -(FRACTION_DIGITS + 1)) return 0n;

  const shift = power + FRACTION_DIGITS;
  const magnitude =
    shift >= 0
      ? BigInt(digits) * 10n ** BigInt(shift)
      : divideHalfAway(BigInt(digits), 10n ** BigInt(-shift));
  return inRange(sign === '-' ? -magnitude : magnitude);
}

/** A scaled value's text: no exponent, no trailing zeros, no negative zero. */
export function formatDecimal(scaled: bigint): string {
  const magnitude = scaled < 0n ? -scaled : scaled;
  const whole = (magnitude / SCALE).toString();
  const fraction = (magnitude % SCALE).toString().padStart(FRACTION_DIGITS, '0').replace(/0+$/, '');
  return (scaled < 0n ? '-' : '') + whole + (fraction === '' ? '' : `.${fraction}`);
}
