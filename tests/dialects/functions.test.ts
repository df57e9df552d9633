/** Every function of the IR on DuckDB. */
import { duckdb, openMemory } from './support/duckdb.js';
import { functionsOn } from './support/functions-on.js';

functionsOn('duckdb', duckdb, openMemory);
