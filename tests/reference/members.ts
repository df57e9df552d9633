/**
 * What picks members apart from what each of them did: places in a ranking, stable splits, exclusions (SEMANTICS §2).
 */
import { createHash } from 'node:crypto';

import { profileName, type Definition, type ProfileRef, type Ranking, type Split } from './model.js';
import { compareNumbers, compareTexts, numberOf, type Value } from './values.js';

/** Those that come first by a number; one without the number is not ranked. */
export function firstOf<P extends { ref: ProfileRef }>(
  profiles: readonly P[],
  { order = 'descending', top, percent = 100 }: Ranking,
  valueFor: (profile: P) => Value,
): P[] {
  const numbered = profiles.flatMap((profile) => {
    const value = valueFor(profile);
    const number = value === undefined ? undefined : numberOf(value);
    return number === undefined ? [] : [{ profile, number }];
  });
  const direction = order === 'descending' ? -1 : 1;
  numbered.sort(
    (a, b) =>
      direction * compareNumbers(a.number, b.number) ||
      compareTexts(tieBreak(a.profile.ref), tieBreak(b.profile.ref)),
  );
  // So many percent, rounded up.
  const size = (BigInt(numbered.length) * millionths(percent) + HUNDRED - 1n) / HUNDRED;
  return numbered.slice(0, top ?? Number(size)).map(({ profile }) => profile);
}

/** Users first, then by code point. */
const tieBreak = (profile: ProfileRef): string =>
  (profile.kind === 'user' ? '0' : '1') + profileName(profile);

const HUNDRED = 100_000_000n;

const millionths = (percent: number): bigint => BigInt(Math.round(percent * 1_000_000));

/** Whether a profile falls into the part of everyone that a split takes. */
export function isInSplit(profile: ProfileRef, split: Split): boolean {
  const [from, to] = bounds(split);
  const name = `${split.salt}:${profile.kind}:${profile.id}`;
  const digits = createHash('sha256').update(name, 'utf8').digest('hex').slice(0, 8);
  // 100·h / 2³² against percents in millionths, without a fraction.
  const place = BigInt(`0x${digits}`) * HUNDRED;
  return from * 2n ** 32n <= place && place < to * 2n ** 32n;
}

/** From and to, in millionths of a percent. */
function bounds({ from = 0, to = 100, shares, take }: Split): [bigint, bigint] {
  if (shares === undefined) return [millionths(from), millionths(to)];
  let end = 0n;
  for (const [name, percent] of Object.entries(shares)) {
    const start = end;
    end += millionths(percent);
    if (name === take) return [start, end];
  }
  throw new Error(`no share ${String(take)}`);
}

/** Audiences whose members are not in: the project's are not left out of themselves nor of what they read. */
export function excludedFrom(
  definition: Pick<Definition, 'key' | 'of'> & { exclude?: string[] | false },
  project: readonly string[],
  definitions: ReadonlyMap<string, Definition>,
): string[] {
  if (definition.exclude === false) return [];
  const own = definition.exclude ?? [];
  if (readBy(project, definitions).has(definition.key)) return own;
  const sameKind = project.filter(
    (key) => (definitions.get(key)?.of ?? 'users') === (definition.of ?? 'users'),
  );
  return [...own, ...sameKind];
}

/** Definitions of these keys and all that they read, at any distance. */
function readBy(keys: readonly string[], definitions: ReadonlyMap<string, Definition>): Set<string> {
  const found = new Set(keys);
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const name of [
      ...namesAt(node, 'trait'),
      ...namesAt(node, 'audience'),
      ...namesAt(node, 'exclude'),
    ]) {
      if (definitions.has(name)) found.add(name);
    }
    Object.values(node).forEach(visit);
  };
  for (const key of found) visit(definitions.get(key));
  return found;
}

function namesAt(node: object, key: string): string[] {
  const value: unknown = Object.entries(node).find(([name]) => name === key)?.[1];
  return (Array.isArray(value) ? value : [value]).filter((name) => typeof name === 'string');
}
