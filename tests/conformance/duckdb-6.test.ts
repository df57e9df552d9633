import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(5, 6);
