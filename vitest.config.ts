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

/** Tests of engines that are not in this process, the variable that says where one is, and the script that starts one. */
const ELSEWHERE = [
  [
    'tests/{postgres/{server-*,warehouse},scenarios/server}.test.ts',
    'ROLLCALL_POSTGRES_URL',
    'scripts/with-postgres.sh',
  ],
  [
    'tests/{dialects/bigquery/client,scenarios/bigquery}.test.ts',
    'BIGQUERY_EMULATOR',
    'scripts/with-bigquery-emulator.sh',
  ],
  [
    'tests/{dialects/snowflake/functions,conformance/snowflake,scenarios/snowflake}.test.ts',
    'ROLLCALL_SNOWFLAKE_EMULATOR',
    'scripts/with-snowflake-emulator.sh',
  ],
] as const;
const absent = ELSEWHERE.filter(([, variable]) => process.env[variable] === undefined);
for (const [tests, , script] of absent) process.stderr.write(`not run: ${tests}, see ${script}\n`);

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: absent.map(([tests]) => tests),
    setupFiles: ['tests/support/property-runs.ts'],
    pool: 'forks', // DuckDB is a native module: one process a worker, so that a crash names its file
    maxWorkers: 2,
    isolate: false, // files share their process and its modules: loading them anew for each costs a minute
    sequence: { sequencer: LongestFirst },
    watch: false,
    testTimeout: 120_000, // a loaded machine is no failure
    hookTimeout: 120_000,
  },
});
