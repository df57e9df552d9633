import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(1, 6);
