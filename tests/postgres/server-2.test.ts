/** Half of the conformance cases on the server that `scripts/with-postgres.sh` starts. */
import { onServer } from './on-server.js';

onServer(1, 2);
