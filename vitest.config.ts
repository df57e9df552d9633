import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first, so that no process is left alone with one at the end. */
const LONGEST = ['tests/property/', 'tests/conformance/duckdb', 'tests/examples/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((part) => moduleId.includes(part));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/support/property-runs.ts'],
    pool: 'forks', // DuckDB is a native module: one process a worker, so that a crash names its file
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    watch: false,
    testTimeout: 120_000, // a loaded machine is no failure
    hookTimeout: 120_000,
  },
});
