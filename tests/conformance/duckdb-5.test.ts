import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(4, 6);
