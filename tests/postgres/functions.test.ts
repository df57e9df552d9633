/** Every function of the IR on PGlite, and on a server where there is one. */
import { postgres } from '../../dialects/postgres/dialect.js';
import { functionsOn } from '../dialects/support/functions-on.js';
import { pgliteEngine, POSTGRES_URL, postgresEngine } from '../engines/postgres.js';
import { INSTEAD } from './instead.js';

if (POSTGRES_URL !== undefined)
  functionsOn('postgres', postgres, async () => (await postgresEngine.open()).warehouse, INSTEAD);
functionsOn('pglite', postgres, async () => (await pgliteEngine.open()).warehouse, INSTEAD);
