/** What was expected against what was published. */
import {
  canonicalJson,
  compactJson,
  isCounting,
  type Definition,
  type Expectation,
} from '../../models/index.js';
import type { ValueDifference } from './api.js';
import type { Published } from './scratch.js';

export interface Differences {
  /** Expected and not there. */
  readonly missing: readonly string[];
  /** There and not expected. */
  readonly unexpected: readonly string[];
  readonly values: readonly ValueDifference[];
}

/** The differences of one expectation; undefined when it holds. */
export function differences(
  expectation: Expectation,
  published: Published,
  definition: Definition | undefined,
): Differences | undefined {
  const found =
    expectation.kind === 'members'
      ? memberDifferences(expectation.profiles, published.members.get(expectation.key) ?? new Set())
      : valueDifferences(expectation.values, published.values.get(expectation.key) ?? new Map(), definition);
  return found.missing.length + found.unexpected.length + found.values.length > 0 ? found : undefined;
}

function memberDifferences(expected: readonly string[], got: ReadonlySet<string>): Differences {
  const wanted = new Set(expected);
  return {
    missing: expected.filter((profile) => !got.has(profile)),
    unexpected: [...got].filter((profile) => !wanted.has(profile)).sort(),
    values: [],
  };
}

type Values = Extract<Expectation, { kind: 'traits' }>['values'];

function valueDifferences(
  expected: Values,
  got: ReadonlyMap<string, string>,
  definition: Definition | undefined,
): Differences {
  const none = readsAsZero(definition) ? new Set(['null', '0']) : new Set(['null']);
  const profiles = [...expected.keys(), ...[...got.keys()].filter((p) => !expected.has(p)).sort()];
  const values = profiles.flatMap((profile): ValueDifference[] => {
    const wanted = expected.get(profile);
    const wantedText = wanted === undefined ? null : compactJson(wanted);
    const gotText = got.get(profile) ?? null;
    const [a, b] = [wantedText ?? 'null', gotText ?? 'null'].map((text) => canonicalJson(text) ?? text);
    if (a === b || (gotText === null && a !== undefined && none.has(a))) return [];
    return [{ profile, expected: a === 'null' ? null : wantedText, got: gotText }];
  });
  return { missing: [], unexpected: [], values };
}

/** A count of nothing is not stored, and reads as 0 (SEMANTICS §2). */
function readsAsZero(definition: Definition | undefined): boolean {
  if (definition?.kind !== 'trait' || definition.value.kind !== 'reduced') return false;
  return isCounting(definition.value.reducer.fn);
}
