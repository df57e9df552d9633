/**
 * Which room may open which door. The table and its reasons are in docs/architecture.md;
 * tests/architecture/imports.test.ts runs these rules and proves that each of them bites.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */

const rooms = ['models', 'macros', 'compiler', 'dialects', 'runtime', 'delivery', 'cli'];
const anyRoom = `^(${rooms.join('|')})/`;
const outside = '^(tests|bench|examples)/';

/** A file or a folder of that name: `compiler/ir.ts` as well as `compiler/ir/…`. */
const part = (...names) => `^(${names.join('|')})(/|\\.ts$)`;

/** A package, installed or not: a driver that is not installed resolves to its bare name. */
const npm = (...names) => `(^|node_modules/)(${names.join('|')})(/|$)`;

/** Everything in other rooms is shut to `room`, apart from the doors listed. */
const doors = (room, comment, open) => ({
  name: `${room}-doors`,
  comment,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { path: anyRoom, pathNot: [`^${room}/`, ...open] },
});

const drivers = {
  duckdb: ['@duckdb/[^/]+', 'duckdb', 'duckdb-async'],
  bigquery: ['@google-cloud/[^/]+', 'google-auth-library'],
  snowflake: ['snowflake-sdk'],
  postgres: ['pg', 'pg-[^/]+', '@electric-sql/pglite'],
};

const driverRules = Object.entries(drivers).map(([engine, packages]) => ({
  name: `driver-${engine}`,
  comment: `Only dialects/${engine}/ talks to that engine's driver.`,
  severity: 'error',
  from: { path: anyRoom, pathNot: `^dialects/${engine}/` },
  to: { path: npm(...packages) },
}));

module.exports = {
  forbidden: [
    doors('models', 'models knows diagnostics and nothing else.', [part('compiler/diagnostics')]),
    doors('macros', 'macros knows diagnostics and nothing else.', [part('compiler/diagnostics')]),
    doors('compiler', 'compiler knows models, macros and the dialect contract.', [
      '^models/',
      '^macros/',
      part('dialects/dialect'),
    ]),
    {
      name: 'compiler-dialect-types-only',
      comment: 'The compiler asks a dialect that it is handed; it never loads one. Use `import type`.',
      severity: 'error',
      from: { path: '^compiler/' },
      to: { path: '^dialects/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'compiler-pure',
      comment: 'The compiler does no I/O and has no clock; node:crypto is for fingerprints.',
      severity: 'error',
      from: { path: '^compiler/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'compiler-no-sql-builder',
      comment: 'knex assembles SQL in dialects/; it is not the IR.',
      severity: 'error',
      from: { path: '^compiler/' },
      to: { path: npm('knex') },
    },
    doors('dialects', 'dialects knows the IR, the program and diagnostics.', [
      part('compiler/ir', 'compiler/program', 'compiler/diagnostics'),
    ]),
    doors('runtime', 'runtime knows compiler, dialects and models.', [
      '^compiler/',
      '^dialects/',
      '^models/',
    ]),
    doors(
      'delivery',
      'delivery knows the layout of state, the IR it is asked in, the engine contracts, diagnostics and models.',
      [
        part('compiler/program'),
        part('compiler/ir'),
        part('compiler/diagnostics'),
        part('dialects/warehouse'),
        part('dialects/dialect'),
        part('dialects/leases'),
        part('dialects/ranges'),
        part('dialects/retry'),
        '^models/',
      ],
    ),
    {
      name: 'rooms-stay-inside',
      comment: 'What ships imports nothing that does not.',
      severity: 'error',
      from: { path: anyRoom },
      to: { path: outside },
    },
    ...driverRules,
    {
      name: 'progress-when-asked',
      comment:
        'Every command begins by loading all commands, so what few of them print with is loaded by `await import`.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^cli/progress/(live|log)\\.ts$', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'reference-independent',
      comment: 'The reference evaluator judges the product, so it shares no code with it.',
      severity: 'error',
      from: { path: '^tests/reference/' },
      to: { path: anyRoom },
    },
    {
      name: 'no-circular',
      comment: 'Data flows one way.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere would slip past every other rule.',
      severity: 'error',
      from: {},
      to: { path: '^\\.', couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(dist|coverage)/|(^|/)target/' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
