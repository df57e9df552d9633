import { describe, expect, test } from 'vitest';

import { manifest } from '../../cli/package.js';
import { documentOf, emptyFolder, rollcall } from './support.js';

const COMMANDS = [
  'init', 'import', 'validate', 'test', 'compile', 'ls', 'run', 'watch', 'explain', 'backfill', 'preview', 'members', 'diff', 'status', 'doctor', 'retire',
  'forget', 'sync', 'deliveries', 'resync', 'alerts', 'demo', 'completion',
]; // prettier-ignore

const here = process.cwd();

test('--version', async () => {
  expect(await rollcall(here, ['--version'])).toEqual({
    exit: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  });
});

describe('help', () => {
  test('lists every command and the exit codes', async () => {
    const { exit, stdout } = await rollcall(here, ['--help']);
    expect(exit).toBe(0);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) .* {2}/gm)].map(([, name]) => name);
    expect(new Set(listed)).toEqual(new Set([...COMMANDS, 'help']));
    expect(stdout).toContain('3 another run holds the lock');
    expect(stdout).not.toContain('__complete');
  });

  test.each(COMMANDS)('of %s has examples', async (command) => {
    const { exit, stdout } = await rollcall(here, [command, '--help']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  rollcall ${command}`));
  });

  test.each([
    ['watch', '5s'],
    ['backfill', '1d'],
  ])('of %s says how long is usual between two', async (command, usual) => {
    const { stdout } = await rollcall(here, [command, '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`(default: ${usual})`);
  });

  test('shows a command only the global options it has use for', async () => {
    expect((await rollcall(here, ['run', '--help'])).stdout).toContain('--as-of');
    expect((await rollcall(here, ['status', '--help'])).stdout).not.toContain('--as-of');
  });

  test('without a command it is an error', async () => {
    const { exit, stdout, stderr } = await rollcall(here, []);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: rollcall');
  });
});

describe('mistakes are exit 2, with a suggestion', () => {
  test.each([
    [['rnu'], 'unknown command "rnu"', 'did you mean "run"?'],
    [['rnu', '--state', 'x'], 'unknown command "rnu"', 'did you mean "run"?'],
    [['run', '--selct', 'x'], 'unknown option "--selct"', 'did you mean "--select"?'],
    [['members'], 'missing required argument "key"', 'see rollcall members --help'],
    [['members', 'k', '--limit', 'many'], 'It must be a whole number of 0 or more', ''],
    [['run', '--log-format', 'xml'], 'Allowed choices are text, json', ''],
    [['validate', 'extra'], '', ''],
    [['--select', 'a', 'run'], '--select took "run" for a selector', 'write the command first'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish', ''],
    [['run', '--as-of', 'yesterday'], '', ''],
  ])('%j', async (argv, message, hint) => {
    await using dir = await emptyFolder();
    const { exit, stdout, stderr } = await rollcall(dir.dir, argv);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  test('with --json they are a document too', async () => {
    const ran = await rollcall(here, ['run', '--json', '--bogus']);
    expect(ran.exit).toBe(2);
    expect(documentOf(ran)).toEqual({
      errors: [
        {
          code: 'invalid-argument',
          severity: 'error',
          message: 'unknown option "--bogus"',
          hint: 'see rollcall run --help',
        },
      ],
    });
  });
});

test('a mistake of ours is exit 1, without secrets', async () => {
  await using dir = await emptyFolder();
  const env = { CRM_TOKEN: 'swordfish' };
  const now = (): string => {
    throw new TypeError('cannot read swordfish');
  };
  const ran = await rollcall(dir.dir, ['demo', 'here', '--json'], { env, now });
  expect(ran.exit).toBe(1);
  expect(documentOf(ran)).toMatchObject({
    errors: [{ code: 'internal-error', message: 'TypeError: cannot read ***' }],
  });
  expect(ran.stderr).toContain('Please report it');
  expect(ran.stderr).toContain('at ');
  expect(ran.stdout + ran.stderr).not.toContain('swordfish');
});

describe('colours', () => {
  const ESC = '\u001b[';
  test.each([
    ['a terminal', { tty: true }, [], true],
    ['a file', { tty: false }, [], false],
    ['NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }, [], false],
    ['--no-color', { tty: true }, ['--no-color'], false],
    ['FORCE_COLOR', { tty: false, env: { FORCE_COLOR: '1' } }, [], true],
  ])('%s', async (_, io, more, expected) => {
    const { stdout } = await rollcall(here, ['--help', ...more], io);
    expect(stdout.includes(ESC)).toBe(expected);
  });
});
