import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(0, 4);
