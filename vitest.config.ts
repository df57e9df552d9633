import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { whyNoTls } from './tests/support/postgres-bin.js';
import { whyNoGoogleSql } from './tests/support/zetasql/binary.js';

/** The longest first, so that no process is left alone with one at the end. */
const LONGEST = [
  'tests/conformance/duckdb',
  'tests/examples/',
  'tests/delivery/soak',
  'tests/property/',
  'tests/runtime/',
  'tests/program/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((part) => moduleId.includes(part));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const EMBEDDED = '.ci/steps.d/05-embedded.sh';

/** Tests of engines that are not in this process, or for which a developer has no time: the variable that asks for them, and what sets it. */
const ELSEWHERE = [
  ['tests/scenarios/pglite.test.ts', 'ROLLCALL_PGLITE', '.ci/steps.d/10-postgres.sh'],
  ['tests/examples/grocer-run.test.ts', 'ROLLCALL_EXAMPLES', EMBEDDED],
  ['tests/conformance/duckdb-{2,3,4,5,6}.test.ts', 'ROLLCALL_DUCKDB', EMBEDDED],
  [
    'tests/property/{journeys,scenarios,entities,entity-triggers,backfill}.test.ts',
    'ROLLCALL_PROPERTIES',
    EMBEDDED,
  ],
  ['tests/faults/{duckdb,killed}.test.ts', 'ROLLCALL_FAULTS', EMBEDDED],
  ['tests/runtime/ddl.test.ts', 'ROLLCALL_DDL', EMBEDDED],
  [
    'tests/runtime/{backfill,damage,entity-triggers,outbound,outcomes,universe,withholding}.test.ts',
    'ROLLCALL_DEEP',
    EMBEDDED,
  ],
  [
    'tests/{postgres/{server-*,warehouse,troubles,password-file,tls-*},{scenarios,faults}/server}.test.ts',
    'ROLLCALL_POSTGRES_URL',
    'scripts/with-postgres.sh',
  ],
  ['tests/dialects/bigquery/client.test.ts', 'BIGQUERY_EMULATOR', 'scripts/with-bigquery-emulator.sh'],
  [
    'tests/{scenarios/bigquery,dialects/bigquery/runs}.test.ts',
    'ROLLCALL_GOOGLESQL',
    '.ci/steps.d/20-bigquery.sh',
  ],
  [
    'tests/{dialects/snowflake/functions,conformance/snowflake,scenarios/snowflake}.test.ts',
    'ROLLCALL_SNOWFLAKE_EMULATOR',
    'scripts/with-snowflake-emulator.sh',
  ],
  [
    'tests/examples/{googlesql,snowflake}.test.ts',
    'ROLLCALL_EXAMPLES',
    '.ci/steps.d/20-bigquery.sh and 30-snowflake.sh',
  ],
  ['tests/spark/*.test.ts', 'ROLLCALL_SPARK_PYTHON', 'scripts/with-spark.sh'],
  ['tests/actions/*.test.ts', 'ROLLCALL_ACTIONS', 'scripts/with-actions.sh'],
] as const;
const GOOGLESQL =
  'tests/{conformance/bigquery,dialects/bigquery/{functions,killed,runs},scenarios/bigquery,{property,examples}/googlesql}.test.ts';

const noGoogleSql = whyNoGoogleSql();
const noTls = whyNoTls();
const absent: readonly (readonly [tests: string, why: string])[] = [
  ...ELSEWHERE.flatMap(([tests, variable, where]) =>
    process.env[variable] === undefined ? [[tests, `see ${where}`] as const] : [],
  ),
  ...(noGoogleSql === undefined ? [] : [[GOOGLESQL, noGoogleSql] as const]),
  ...(noTls === undefined ? [] : [['tests/postgres/tls-*.test.ts', noTls] as const]),
];
for (const [tests, why] of absent) process.stderr.write(`not run: ${tests}, ${why}\n`);

/** As `cli/tiering.ts` has it for commands: optimising code that runs a few times takes a tenth to a fifth of all. */
const LATER = process.versions.node.startsWith('20.') ? ['--interrupt-budget=528000'] : [];

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: absent.map(([tests]) => tests),
    setupFiles: ['tests/support/property-runs.ts'],
    pool: 'forks', // DuckDB is a native module: one process a worker, so that a crash names its file
    maxWorkers: 2,
    isolate: false, // files share their process and its modules: loading them anew for each costs a minute
    execArgv: LATER,
    sequence: { sequencer: LongestFirst },
    watch: false,
    testTimeout: 120_000, // a loaded machine is no failure
    hookTimeout: 120_000,
  },
});
