/** Half of the conformance cases on DuckDB: one file of tests runs in one process. */
import { duckdbEngine } from '../engines/duckdb.js';
import { conformsOn } from './on-engine.js';

conformsOn(duckdbEngine, 0, 2);
