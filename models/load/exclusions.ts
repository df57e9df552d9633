import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { didYouMean } from '../../compiler/diagnostics/suggest.js';
import { withExclusions, withExits } from '../build/members.js';
import { nounOf, type AudienceReference, type Definition } from '../definition.js';
import { spanOf, type SpanStore } from '../source/spans.js';
import { upstreamOf } from '../upstream.js';
import { referencesOf } from '../walk.js';

/**
 * Leaves the members of the project's excluded audiences out of every audience of the same kind of profile; not of
 * those audiences themselves nor of what they read, which would have to be known before itself.
 *
 * @param known keys claimed by any file, broken ones too
 */
export function applyExclusions(
  definitions: readonly Definition[],
  excluded: readonly AudienceReference[],
  known: ReadonlySet<string>,
  spans: SpanStore,
): { readonly definitions: readonly Definition[]; readonly diagnostics: readonly Diagnostic[] } {
  if (excluded.length === 0) return { definitions, diagnostics: [] };
  const byKey = new Map(definitions.map((definition) => [definition.key, definition]));
  const diagnostics = excluded.flatMap(({ key }, i) => {
    const found = byKey.get(key);
    if (found?.kind === 'audience' || (!found && known.has(key))) return [];
    return [problem(key, found, definitions, excluded[i], spans)];
  });
  const audiences = excluded.filter(({ key }) => byKey.get(key)?.kind === 'audience');
  const exempt = upstreamOf(
    audiences.map(({ key }) => key),
    (key) => {
      const definition = byKey.get(key);
      return definition ? referencesOf(definition).filter((name) => byKey.has(name)) : [];
    },
  );
  const applied = new Map<Definition, Definition>();
  for (const definition of definitions) {
    if (exempt.has(definition.key)) continue;
    const own = audiences.filter(({ key }) => byKey.get(key)?.of === definition.of);
    if (definition.kind === 'audience') applied.set(definition, withExclusions(definition, own, spans));
    if (definition.kind === 'journey') applied.set(definition, withExits(definition, own, spans));
  }
  return { definitions: definitions.map((one) => appliedTo(one, applied, spans)), diagnostics };
}

/** A definition with the exclusions; a step belongs to the journey with them. */
function appliedTo(
  definition: Definition,
  applied: ReadonlyMap<Definition, Definition>,
  spans: SpanStore,
): Definition {
  if (definition.kind !== 'journey_step') return applied.get(definition) ?? definition;
  const of = applied.get(definition.output.of);
  if (of?.kind !== 'journey') return definition;
  return spans.like({ ...definition, output: { ...definition.output, of } }, definition);
}

function problem(
  key: string,
  found: Definition | undefined,
  definitions: readonly Definition[],
  at: object | undefined,
  spans: SpanStore,
): Diagnostic {
  const names = definitions.filter(({ kind }) => kind === 'audience').map((definition) => definition.key);
  const hint = found ? 'only audiences can be excluded' : didYouMean(key, names);
  return {
    code: 'unknown-reference',
    severity: 'error',
    message: found
      ? `${JSON.stringify(key)} is ${nounOf(found.kind)}, not an audience`
      : `there is no audience ${JSON.stringify(key)}`,
    ...(hint === undefined ? {} : { hint }),
    ...spanOf(spans, at),
  };
}
