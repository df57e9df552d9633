import type { LandingResult } from '../../runtime/api.js';
import { count, duration, plural } from '../output.js';

/** `1,204 new rows`, `read whole (first run)`. */
export function landed({ mode, reason, new_rows }: LandingResult): string {
  if (mode === 'full' || new_rows === null) return `read whole (${reason})`;
  return plural(new_rows, 'new row');
}

/** `45 %, 12 s left`. */
export function howFar({ percent, left_ms }: { percent: number; left_ms: number | null }): string {
  return `${percent} %${left_ms === null || left_ms < 1000 ? '' : `, ${duration(left_ms)} left`}`;
}

interface Counts {
  readonly delivered: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly failed: number;
  readonly waiting: number;
}

/** `120 delivered, 3 rejected, 7 waiting`. */
export function syncSummary({ delivered, rejected, filtered, failed, waiting }: Counts): string {
  const parts = [
    `${count(delivered)} delivered`,
    ...(rejected > 0 ? [`${count(rejected)} rejected`] : []),
    ...(filtered > 0 ? [`${count(filtered)} filtered`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(waiting > 0 ? [`${count(waiting)} waiting`] : []),
  ];
  return parts.join(', ');
}
