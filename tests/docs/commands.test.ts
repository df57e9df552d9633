/** docs/commands.md has a section for every command, which names each of its options. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { Context } from '../../cli/context.js';
import type { Io } from '../../cli/io.js';
import { buildProgram } from '../../cli/program.js';

const page = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
const sections = new Map(
  page.split(/^## /m).map((text) => [/^`?(?:rollcall )?([^`\n]*)/.exec(text)?.[1], text]),
);

const nowhere = { write: () => true };
const io: Io = {
  stdout: nowhere,
  stderr: nowhere,
  env: {},
  cwd: '/',
  now: () => '2025-01-01T00:00:00Z',
  newRunId: () => 'run',
};
const program = buildProgram(new Context(io, {}, []), () => async () => undefined);
const commands = program.createHelp().visibleCommands(program);

describe.each(
  commands.filter((c) => c.name() !== 'help').map((command) => [command.name(), command] as const),
)('%s', (name, command) => {
  it('has a section with its options', () => {
    const section = sections.get(name) ?? '';
    expect(section).not.toBe('');
    const missing = command.options.map((o) => o.flags).filter((flags) => !section.includes(`\`${flags}\``));
    expect(missing).toEqual([]);
  });
});

it('the options of all commands are named', () => {
  const section = sections.get('Options of all commands') ?? '';
  const missing = program.options.map((o) => o.flags).filter((flags) => !section.includes(`\`${flags}\``));
  expect(missing.filter((flags) => !flags.includes('--version'))).toEqual([]);
});
