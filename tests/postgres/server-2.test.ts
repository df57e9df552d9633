/** Half of the conformance cases on the server that `scripts/with-postgres.sh` starts. */
import { conformsOn } from '../conformance/on-engine.js';
import { postgresEngine } from '../engines/postgres.js';

conformsOn(postgresEngine, 1, 2);
