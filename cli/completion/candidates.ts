import type { Command, Option } from 'commander';

import { usesOf } from '../command.js';

/** What only the project knows. */
export interface Names {
  readonly definitions: readonly { readonly key: string; readonly about: string }[];
  readonly destinations: readonly string[];
  readonly targets: readonly string[];
  readonly tags: readonly string[];
}

/** A word, and what it is. */
export type Candidate = readonly [word: string, about: string];

/**
 * What may stand where the last of `words` is begun. `names` reads the project, and is only called where
 * its names are wanted.
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  names: () => Promise<Names>,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const place = placeOf(program, before);
  const all = await offered(program, place, current, names);
  return all.filter(([word]) => word.startsWith(current));
}

interface Place {
  readonly command: Command | undefined;
  readonly operands: number;
  /** The option whose value is to come. */
  readonly option: Option | undefined;
}

/** Reads the words before the one being typed. */
function placeOf(program: Command, words: readonly string[]): Place {
  let command: Command | undefined;
  let option: Option | undefined;
  let operands = 0;
  for (const word of words) {
    if (word.startsWith('-')) {
      const found = optionsOf(program, command).find((o) => o.long === word || o.short === word);
      option = found !== undefined && (found.required || found.optional) ? found : undefined;
    } else if (option !== undefined) {
      if (!option.variadic) option = undefined;
    } else if (command === undefined) command = program.commands.find((c) => c.name() === word);
    else operands++;
  }
  return { command, operands, option };
}

async function offered(
  program: Command,
  { command, operands, option }: Place,
  current: string,
  names: () => Promise<Names>,
): Promise<readonly Candidate[]> {
  if (current.startsWith('-'))
    return optionsOf(program, command).map((o) => [o.long ?? o.flags, o.description]);
  if (option !== undefined) return valuesOf(option, current, command, names);
  const commands = program.commands.filter((c) => !c.name().startsWith('_'));
  const listed = commands.map((c): Candidate => [c.name(), c.summary()]);
  if (command === undefined) return [...listed, ['help', 'show help for a command']];
  const choices = command.registeredArguments[operands]?.argChoices;
  if (choices !== undefined) return choices.map((choice) => [choice, '']);
  if (operands > 0) return [];
  if (command.name() === 'help') return listed;
  if (command.registeredArguments[0]?.name() !== 'key') return [];
  return (await names()).definitions.map((d) => [d.key, d.about]);
}

async function valuesOf(
  option: Option,
  current: string,
  command: Command | undefined,
  names: () => Promise<Names>,
): Promise<readonly Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map((choice) => [choice, '']);
  if (option.attributeName() === 'target') return (await names()).targets.map((t) => [t, 'target']);
  if (!['select', 'fullRefresh'].includes(option.attributeName())) return [];
  const { definitions, destinations, tags } = await names();
  const lead = /^(?:.*,)?(?:\d*\+)?/.exec(current)?.[0] ?? '';
  const plain: Candidate[] = [
    ...definitions.map((d): Candidate => [d.key, d.about]),
    ...(command?.name() === 'sync' ? destinations.map((d): Candidate => [d, 'destination']) : []),
    ...tags.map((tag): Candidate => [`tag:${tag}`, 'tag']),
    ['kind:audience', 'audiences'],
    ['kind:trait', 'traits'],
    ['kind:journey', 'journeys'],
    ['path:models/', 'files below a folder'],
    ['state:modified', 'what changed since the last run'],
  ];
  return plain.map(([word, about]) => [`${lead}${word}`, about]);
}

/** A command's own options and the global ones it has use for. */
function optionsOf(program: Command, command: Command | undefined): readonly Option[] {
  if (command === undefined) return program.createHelp().visibleOptions(program);
  const uses = usesOf(command);
  const help = program.createHelp();
  return [...help.visibleOptions(command), ...program.options.filter((o) => uses.has(o.attributeName()))];
}
