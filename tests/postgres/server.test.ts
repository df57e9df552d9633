/** Every conformance case on the server that `scripts/with-postgres.sh` starts. */
import { describe, it } from 'vitest';
import { conformsOn } from '../conformance/on-engine.js';
import { POSTGRES_URL, postgresEngine } from '../engines/postgres.js';

if (POSTGRES_URL === undefined)
  describe('a PostgreSQL server', () => {
    it.skip('is not there: ROLLCALL_POSTGRES_URL names none (scripts/with-postgres.sh starts one)');
  });
else conformsOn(postgresEngine, 0, 1);
