import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(0, 6);
