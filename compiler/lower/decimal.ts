/** Number literals as the decimals of SEMANTICS §10: 38 digits, 9 after the point. */
import { decimalOf } from '../ir/decimal.js';

const NUMERIC = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const SCALE = 9;
const LIMIT = 10n ** 38n;

/**
 * Canonical decimal text of a number's text: no exponent, no trailing zeros, rounded half away from zero to
 * nine digits. Undefined when it is no number or beyond the range, which reads as missing.
 */
export function canonicalDecimal(text: string): string | undefined {
  const match = NUMERIC.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const shift = Number(exponent);
  const digits = whole + fraction;
  if (BigInt(digits) === 0n) return '0';
  if (!Number.isFinite(shift) || Math.abs(shift) > 10_000) return shift > 0 ? undefined : '0';
  const scaled = scaleTo(BigInt(digits), SCALE + shift - fraction.length);
  if (scaled >= LIMIT) return undefined;
  return decimalOf(sign === '-' ? -scaled : scaled);
}

/** value × 10^power, rounded half up in magnitude. */
function scaleTo(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  const quotient = value / divisor;
  return (value % divisor) * 2n >= divisor ? quotient + 1n : quotient;
}
