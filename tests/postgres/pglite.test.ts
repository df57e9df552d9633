/** Some of the conformance cases on PGlite; all of them with `ROLLCALL_PGLITE=all`, which CI says. */
import { pgliteEngine } from '../engines/postgres.js';
import { conformsOn } from '../conformance/on-engine.js';

const [part, parts] = process.env['ROLLCALL_PGLITE'] === 'all' ? [0, 1] : [3, 40];
conformsOn(pgliteEngine, part, parts);
