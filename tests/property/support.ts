import { expect } from 'vitest';

import { evaluate } from '../reference/evaluate.js';
import { profileName, type Definition, type Message } from '../reference/model.js';
import type { Published } from '../support/world.js';

/** All of the language that the generators write. */
export const LANGUAGE = { funnels: true, elements: true, accounts: true, verbs: true } as const;

/** What the reference evaluator says, in the words of `Published`. */
export function referenceSays(
  messages: readonly Message[],
  definitions: readonly Definition[],
  asOf: string,
  firstRuns: Readonly<Record<string, string>>,
  exclude: readonly string[] = [],
): Published {
  const { members, traitTexts } = evaluate({ messages, definitions, asOf, firstRuns, exclude });
  return {
    members: new Map([...members].map(([key, profiles]) => [key, profiles.map(profileName).sort()])),
    traits: traitTexts,
  };
}

/** What a project leaves out of all audiences: one of its audiences, where the number says so; else nothing. */
export function excluded(definitions: readonly Definition[], number: number): readonly string[] | undefined {
  const keys = definitions.filter(({ kind }) => kind === 'audience').map(({ key }) => key);
  const key = keys.sort()[number];
  return key === undefined ? undefined : [key];
}

/** Compares key by key; texts of objects may order their keys as the engine does (SEMANTICS §10). */
export function expectSame(actual: Published, expected: Published): void {
  expect(plain(actual)).toEqual(plain(expected));
}

const plain = ({ members, traits }: Published): unknown => ({
  members: Object.fromEntries([...members].map(([key, names]) => [key, [...names].sort()])),
  traits: Object.fromEntries(
    [...traits].map(([key, values]) => [key, Object.fromEntries([...values].sort())]),
  ),
});

export const sourcesOf = (messages: readonly Message[]): readonly string[] =>
  [...new Set(['raw', ...messages.map((m) => m.source ?? 'raw')])].sort();
