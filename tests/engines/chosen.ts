/**
 * The engine that worlds are made of: DuckDB, or what `ROLLCALL_ENGINE` says (`pglite`; `postgres`, which
 * `scripts/with-postgres.sh` starts), so that the same properties run on others.
 */
import { duckdbEngine } from './duckdb.js';
import type { EngineUnderTest } from './engine.js';

const ENGINES: Readonly<Record<string, () => Promise<EngineUnderTest>>> = {
  duckdb: () => Promise.resolve(duckdbEngine),
  pglite: async () => (await import('./postgres.js')).pgliteEngine,
  postgres: async () => (await import('./postgres.js')).postgresEngine,
};

export async function chosenEngine(): Promise<EngineUnderTest> {
  const name = process.env['ROLLCALL_ENGINE'] ?? 'duckdb';
  const load = ENGINES[name];
  if (!load) throw new Error(`ROLLCALL_ENGINE is one of ${Object.keys(ENGINES).join(', ')}, not "${name}"`);
  return load();
}
