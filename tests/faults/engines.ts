/** Engines that faults are tried on. */
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { sqlTables } from '../engines/sql-tables.js';
import type { Engine } from './place.js';

const TYPES = {
  text: 'varchar',
  int: 'bigint',
  decimal: 'decimal(18, 4)',
  float: 'double',
  bool: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  json: 'json',
} as const;

/** A DuckDB file in the place's folder. */
export const duckdbFile: Engine = {
  cut: 'files',
  dialect: duckdb,
  target: () => ({ type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall', threads: 1 }),
  raw: (warehouse) => sqlTables(warehouse, duckdb, { types: TYPES }),
};
