import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const rooms = ['models', 'macros', 'compiler', 'dialects', 'runtime', 'delivery', 'cli'];
const inRooms = (names) => names.map((room) => `${room}/**/*.ts`);

const engine = '/^(duckdb|bigquery|snowflake|postgres|postgresql)$/';
const askACapability = 'Engine names belong to dialects/: ask the dialect for a capability instead.';
const noEngineNames = [
  { selector: `BinaryExpression[operator=/^[!=]==?$/] > Literal[value=${engine}]`, message: askACapability },
  { selector: `SwitchCase > Literal.test[value=${engine}]`, message: askACapability },
];

const givenFromOutside = 'The compiler is pure: the caller passes the time and anything else from outside.';
const noClock = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: givenFromOutside },
  { selector: 'CallExpression[callee.name="Date"]', message: givenFromOutside },
  {
    selector: 'MemberExpression[object.name="Date"][property.name="now"]',
    message: givenFromOutside,
  },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: givenFromOutside,
  },
];

export default defineConfig(
  globalIgnores(['**/node_modules/', 'dist/', 'coverage/', '**/target/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          ignoreRestSiblings: true,
        },
      ],
      '@typescript-eslint/prefer-optional-chain': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/require-await': 'off', // a contract may be async where one implementation is not
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['warn', { max: 400 }],
      'no-console': 'error', // people's text goes through cli/, records through the logger
    },
  },
  {
    files: inRooms(rooms.filter((room) => room !== 'dialects')),
    rules: { 'no-restricted-syntax': ['error', ...noEngineNames] },
  },
  {
    files: inRooms(['compiler']),
    rules: {
      'no-restricted-syntax': ['error', ...noEngineNames, ...noClock],
      'no-restricted-globals': [
        'error',
        ...['process', 'performance', 'crypto', 'fetch', 'setTimeout', 'setInterval'].map((name) => ({
          name,
          message: givenFromOutside,
        })),
      ],
    },
  },
  { files: ['cli/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    // Tests read rows and JSON whose shape the assertion itself checks.
    files: ['tests/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: { console: 'readonly', process: 'readonly' } } },
);
