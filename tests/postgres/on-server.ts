import { describe, it } from 'vitest';
import { conformsOn } from '../conformance/on-engine.js';
import { POSTGRES_URL, postgresEngine } from '../engines/postgres.js';

/** Conformance on the server there is; else one test that says why there are none. */
export function onServer(part: number, parts: number): void {
  if (POSTGRES_URL !== undefined) return conformsOn(postgresEngine, part, parts);
  describe('a PostgreSQL server', () => {
    it.skip('is not there: ROLLCALL_POSTGRES_URL names none (scripts/with-postgres.sh starts one)');
  });
}
