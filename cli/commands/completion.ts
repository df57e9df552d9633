import { Argument } from 'commander';

import { candidates, type Names } from '../completion/candidates.js';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.js';
import { describe, GROUPS, type Register } from '../command.js';
import { Context } from '../context.js';
import { write } from '../io.js';

export const completion: Register = (program, bind) =>
  describe(program, {
    name: 'completion',
    summary: 'Print a completion script for your shell',
    details: 'Commands, options, keys of definitions, tags and targets are completed.',
    group: GROUPS.more,
    uses: [],
    examples: [
      { run: 'completion bash >> ~/.bashrc', does: 'bash' },
      { run: 'completion zsh > ~/.zfunc/_rollcall', does: 'zsh, with ~/.zfunc in $fpath' },
      { run: 'completion fish > ~/.config/fish/completions/rollcall.fish', does: 'fish' },
    ],
  })
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(
      bind(async (context: Context, _options: object, shell: Shell) => {
        await write(context.io.stdout, SCRIPTS[shell]);
        return 0;
      }),
    );

/** What the scripts call: the words so far, the last one begun. */
export const complete: Register = (program, bind) =>
  program.command('__complete [words...]', { hidden: true }).action(
    bind(async (context: Context, _options: object, words: readonly string[]) => {
      const found = await candidates(program, words, () => namesOf(context, words));
      const lines = found.map(([word, about]) => (about === '' ? word : `${word}\t${about}`));
      if (lines.length > 0) await write(context.io.stdout, `${lines.join('\n')}\n`);
      return 0;
    }),
  );

/** Names of the project, as far as it can be read: a broken file must not break the Tab key. */
async function namesOf({ io, globals }: Context, words: readonly string[]): Promise<Names> {
  const given = words.findIndex((word) => word === '-p' || word === '--project');
  const project = given === -1 ? globals.project : words[given + 1];
  const context = new Context(io, project === undefined ? {} : { project }, []);
  const { project: loaded, brokenKeys } = await context.loadAll();
  const definitions = loaded?.definitions ?? [];
  return {
    definitions: [
      ...definitions.map(({ key, name }) => ({ key, about: name.replace(/\s+/g, ' ') })),
      ...[...brokenKeys].map((key) => ({ key, about: 'has errors' })),
    ],
    destinations: loaded?.destinations.map((d) => d.key) ?? [],
    targets: Object.keys(loaded?.config.targets ?? {}),
    tags: [...new Set(definitions.flatMap((d) => d.tags))].sort(),
  };
}
