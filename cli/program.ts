import { Command, CommanderError, Help, Option } from 'commander';

import { UserError } from '../compiler/diagnostics/index.js';
import { didYouMean } from '../compiler/diagnostics/suggest.js';
import { GROUPS, usesOf, type Bind } from './command.js';
import { Context, type Globals } from './context.js';
import { COMMANDS } from './commands/index.js';
import { reportError } from './errors.js';
import type { Io } from './io.js';
import { misuse } from './misuse.js';
import { manifest } from './package.js';

/**
 * Runs one command line and resolves to its exit code (SEMANTICS §8). Never throws and never exits: the
 * world is `io`.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let exit = 0;
  let context = new Context(io, { json: argv.includes('--json'), color: !argv.includes('--no-color') }, argv);
  const bind: Bind =
    (action) =>
    async (...params) => {
      const command = params.pop() as Command;
      const options = params.pop();
      context = new Context(io, command.optsWithGlobals<Globals>(), argv, command.name());
      exit = await action(context, options as never, ...(params as never));
    };
  try {
    const program = buildProgram(context, bind);
    knownCommand(program, argv[0]); // before its options, which no other command knows either
    await program.parseAsync([...argv], { from: 'user' });
    return io.signal?.aborted && exit === 0 && !context.goesOn ? 130 : exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportError(error instanceof CommanderError ? usageError(error, argv) : error, context);
  }
}

/** The program with all its commands; also what completion walks through. */
export function buildProgram(context: Context, bind: Bind): Command {
  const { io } = context;
  const program = new Command('rollcall')
    .description(manifest.description)
    .version(manifest.version, '-V, --version', 'print the version')
    .usage('<command> [options]')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'Show help for a command')
    .commandsGroup(GROUPS.more)
    .addOption(
      new Option('-p, --project <dir>', 'the folder that holds rollcall.json (default: the current one)'),
    )
    .addOption(new Option('-t, --target <name>', 'a target of rollcall.json instead of its default'))
    .addOption(
      new Option(
        '-s, --select <selectors...>',
        'definitions: keys, tag:x, kind:x, path:x, state:modified, +key, key+',
      ),
    )
    .addOption(new Option('--as-of <instant>', 'compute for this ISO 8601 date or instant (default: now)'))
    .addOption(new Option('--json', 'print one JSON document on standard output'))
    .addOption(new Option('--log-format <format>', 'progress on standard error').choices(['text', 'json']))
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR)'))
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: true,
      sortSubcommands: false,
      // Only what the command has use for.
      visibleGlobalOptions(command) {
        const uses = usesOf(command);
        return new Help().visibleGlobalOptions
          .call({ ...new Help(), showGlobalOptions: true }, command)
          .filter((option) => uses.has(option.attributeName()));
      },
      styleTitle: (text) => context.paint.bold(text),
      styleCommandText: (text) => context.paint.cyan(text),
      styleSubcommandText: (text) => context.paint.cyan(text),
      styleOptionText: (text) => context.paint.green(text),
    })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => undefined, // reported as a diagnostic, by `main`
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 110),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 100, 110),
      getOutHasColors: () => context.paint.isColorSupported,
      getErrHasColors: () => context.errPaint.isColorSupported,
    });
  for (const register of COMMANDS) register(program, bind);
  program.addHelpText('after', EXIT_CODES);
  program.allowExcessArguments(); // an unknown command is ours to report
  program.action(() => nothingToDo(program, context));
  return program;
}

const EXIT_CODES = `
Exit codes:
  0 everything selected succeeded     3 another run holds the lock
  1 something failed, the rest done   4 the warehouse cannot be reached
  2 usage or definition error
`;

/** No command: help, and exit 2 unless it was asked for. */
function nothingToDo(program: Command, context: Context): never {
  const swallowed = program.opts<Globals>().select?.find((s) => program.commands.some((c) => c.name() === s));
  knownCommand(program, program.args[0]);
  if (swallowed !== undefined) {
    const message = `--select took "${swallowed}" for a selector`;
    throw misuse(message, `write the command first: rollcall ${swallowed} --select …`);
  }
  if (context.json) throw misuse('no command given', 'see rollcall --help');
  program.outputHelp({ error: true });
  throw new UserError([], 2);
}

function knownCommand(program: Command, word: string | undefined): void {
  const names = [...program.commands.map((c) => c.name()), 'help'];
  if (word === undefined || word.startsWith('-') || names.includes(word)) return;
  const near = didYouMean(
    word,
    names.filter((name) => !name.startsWith('_')),
  );
  throw misuse(`unknown command "${word}"`, near ?? 'see rollcall --help');
}

/** A mistake in the command line, as a diagnostic. */
function usageError(error: CommanderError, argv: readonly string[]): UserError {
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = more
    .map((line) => /^\(Did you mean (.+)\?\)$/.exec(line)?.[1])
    .find((s) => s !== undefined);
  const several = suggestion
    ?.replace(/^one of /, '')
    .split(', ')
    .map((s) => JSON.stringify(s))
    .join(' or ');
  const command = argv.find((word) => !word.startsWith('-'));
  const help =
    error.code === 'commander.unknownCommand' || command === undefined
      ? 'rollcall --help'
      : `rollcall ${command} --help`;
  const hint = several === undefined ? `see ${help}` : `did you mean ${several}?`;
  return misuse(first.replaceAll("'", '"'), hint);
}
