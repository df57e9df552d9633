import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(3, 6);
