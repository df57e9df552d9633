/** Percents are decimals of at most six digits after the point, so that shares add up without rounding. */
const DIGITS = 6;
const UNITS = 10n ** BigInt(DIGITS);

/** A hundred percent, in millionths of a percent. */
export const WHOLE = 100n * UNITS;

/** A percent in millionths; undefined where it is finer, less than 0 or more than 100. */
export function percentUnits(percent: number): bigint | undefined {
  if (!(percent >= 0 && percent <= 100)) return undefined;
  const text = percent.toFixed(DIGITS);
  return Number(text) === percent ? BigInt(text.replace('.', '')) : undefined;
}

/** The decimal text of millionths of a percent: `12.5`. */
export function percentText(units: bigint): string {
  const fraction = (units % UNITS).toString().padStart(DIGITS, '0').replace(/0+$/, '');
  return `${units / UNITS}${fraction === '' ? '' : `.${fraction}`}`;
}
