/**
 * Conformance cases on DuckDB, in parts, as one file of tests runs in one process. Each is asked one way: of
 * runs those that have several steps or say what is sent, and an eighth of the others, the rest of their SELECTs. `ROLLCALL_DUCKDB=all`, as CI has it,
 * asks all of both.
 */
import { duckdbEngine } from '../engines/duckdb.js';
import { conformsOn } from './on-engine.js';

/** @param part from 0 */
export function conformsOnDuckdb(part: number, parts: number): void {
  const all = process.env['ROLLCALL_DUCKDB'] === 'all';
  const waysOf: (typeof duckdbEngine)['waysOf'] = ({ name, steps }) =>
    all
      ? duckdbEngine.ways
      : [
          steps.length > 1 ||
          name.length % 8 === 0 ||
          steps.some(({ expect: { said, tracked } }) => said !== undefined || tracked !== undefined)
            ? 'run'
            : 'standalone',
        ];
  conformsOn({ ...duckdbEngine, waysOf }, part, parts);
}
