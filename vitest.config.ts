import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/support/property-runs.ts'],
    pool: 'forks', // DuckDB is a native module: one process a worker, so that a crash names its file
    maxWorkers: 2,
    watch: false,
    testTimeout: 120_000, // a loaded machine is no failure
    hookTimeout: 120_000,
  },
});
