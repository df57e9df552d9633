/** The engines there are, each loaded only when a target asks for it. */
import { UserError } from '../compiler/diagnostics/index.js';
import type { Dialect } from './dialect.js';

const ENGINES: Readonly<Record<string, () => Promise<Dialect>>> = {
  bigquery: async () => (await import('./bigquery/dialect.js')).bigquery,
  duckdb: async () => (await import('./duckdb/dialect.js')).duckdb,
  postgres: async () => (await import('./postgres/dialect.js')).postgres,
  snowflake: async () => (await import('./snowflake/dialect.js')).snowflake,
};

/** The dialect of a target's `type`; one there is not is a diagnostic that names those there are. */
export async function dialectFor(type: string): Promise<Dialect> {
  const load = Object.hasOwn(ENGINES, type) ? ENGINES[type] : undefined;
  if (load) return load();
  throw new UserError({
    code: 'not-supported',
    severity: 'error',
    message: `warehouse type "${type}" is not supported`,
    hint: `known types: ${Object.keys(ENGINES).join(', ')}`,
  });
}
