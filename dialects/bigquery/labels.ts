/** Labels of jobs: what bills and `INFORMATION_SCHEMA.JOBS` are grouped by. */
import type { StatementLabels } from '../warehouse.js';

const LONGEST = 63;

/** Lower-case letters, digits, `_` and `-`, at most 63 of them, as BigQuery wants values. */
const labelValue = (value: string): string =>
  value
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, LONGEST);

export function jobLabels(labels: StatementLabels = {}): Record<string, string> {
  const given = Object.entries(labels).flatMap(([name, value]: [string, string | undefined]) =>
    value === undefined || value === '' ? [] : [[`rollcall_${name}`, labelValue(value)] as const],
  );
  return { rollcall: 'true', ...Object.fromEntries(given) };
}
