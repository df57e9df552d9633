import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import { durationMicros } from '../models/algebra.js';
import { parseShortDuration } from '../models/duration.js';
import type { Context } from './context.js';

/** Global options a command has use for, shown in its help; the others are accepted and do nothing. */
export type GlobalName = 'project' | 'target' | 'select' | 'asOf' | 'json' | 'logFormat' | 'color';

export interface Example {
  readonly run: string;
  readonly does: string;
}

/** How a command is described to people; what it does is its action. */
export interface Described {
  readonly name: string;
  readonly args?: string;
  readonly summary: string;
  readonly details?: string;
  readonly group: string;
  readonly uses: readonly GlobalName[];
  readonly examples: readonly Example[];
}

/** An action: what it resolves to is the exit code. */
export type Action<Options, Args extends readonly unknown[] = readonly []> = (
  context: Context,
  options: Options,
  ...args: Args
) => Promise<number>;

/** Ties an action to the invocation's context; the exit code is kept by whoever made it. */
export type Bind = <Options, Args extends readonly unknown[]>(
  action: Action<Options, Args>,
) => (...params: unknown[]) => Promise<void>;

/** One command: adds itself to the program. */
export type Register = (program: Command, bind: Bind) => Command;

const USES = new WeakMap<Command, ReadonlySet<string>>();

/** The global options a command's help shows. */
export function usesOf(command: Command): ReadonlySet<string> {
  return USES.get(command) ?? new Set(['project', 'target', 'json', 'color']);
}

/** A command with its texts. */
export function describe(program: Command, what: Described): Command {
  const command = program
    .command(what.args === undefined ? what.name : `${what.name} ${what.args}`)
    .summary(what.summary)
    .description(`${what.summary}.${what.details === undefined ? '' : `\n\n${what.details}`}`)
    .helpGroup(what.group)
    .addHelpText('after', examplesText(what.examples));
  USES.set(command, new Set<string>([...what.uses, 'color']));
  return command;
}

export const GROUPS = {
  project: 'Project:',
  warehouse: 'Warehouse:',
  delivery: 'Delivery:',
  more: 'More:',
} as const;

function examplesText(examples: readonly Example[]): string {
  const width = Math.max(...examples.map((e) => e.run.length));
  const lines = examples.map((e) => `  ${`rollcall ${e.run}`.padEnd(width + 11)}  ${e.does}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(n) && n >= least) return n;
    throw new InvalidArgumentError(`It must be a whole number of ${least} or more.`);
  };
}

/** Reads a duration, `5s` or `30 days`, to microseconds. */
export function microseconds(text: string): bigint {
  const parsed = parseShortDuration(text);
  if (parsed.ok) return durationMicros(parsed.value);
  throw new InvalidArgumentError(`${parsed.message}: write it as "5s", "1d" or "30 days".`);
}

/** `--wait`, of commands that take the lock. */
export const WAIT = [
  '--wait <duration>',
  'wait so long for whoever holds the lock: 30s, 10m, "1 hour"',
  microseconds,
] as const;
