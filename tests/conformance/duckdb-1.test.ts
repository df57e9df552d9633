/** Half of the conformance cases on DuckDB: one file of tests runs in one process. */
import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(0, 2);
