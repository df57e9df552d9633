/** Every function of the IR on PGlite. */
import { postgres } from '../../dialects/postgres/dialect.js';
import { functionsOn } from '../dialects/support/functions-on.js';
import { pgliteEngine } from '../engines/postgres.js';
import { INSTEAD } from './instead.js';

functionsOn('pglite', postgres, async () => (await pgliteEngine.open()).warehouse, INSTEAD);
