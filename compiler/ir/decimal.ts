/** The text of the IR's decimals, and the same as integers of their ninth digit ("units"). */
const SCALE = 9;

/** Units in one. */
export const UNIT = 10n ** BigInt(SCALE);

/** Units of a canonical decimal: no exponent, at most nine digits after the point. */
export function unitsOf(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const size = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return decimal.startsWith('-') ? -size : size;
}

/** The canonical decimal of so many units: no trailing zeros. */
export function decimalOf(units: bigint): string {
  const size = units < 0n ? -units : units;
  const fraction = (size % UNIT).toString().padStart(SCALE, '0').replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${size / UNIT}${fraction === '' ? '' : `.${fraction}`}`;
}
