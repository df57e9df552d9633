/**
 * Every fortieth conformance case on PGlite; every so-manieth that `ROLLCALL_PGLITE` says, or `all` of them, as in
 * `.ci/steps.d/10-postgres.sh` where there is no server.
 */
import { pgliteEngine } from '../engines/postgres.js';
import { conformsOn } from '../conformance/on-engine.js';

const every = process.env['ROLLCALL_PGLITE'] ?? '40';
conformsOn(pgliteEngine, every === '40' ? 3 : 0, every === 'all' ? 1 : Number(every));
