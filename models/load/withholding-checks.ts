/** Categories of consent: those that destinations name are there, and each can be the key of an audience. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import type { Destination, ProjectConfig, Spans } from '../definition.js';
import { KEY_PATTERN } from '../schema/index.js';
import { spanOf } from '../source/spans.js';

/** What is wrong with the categories of a project, and with those its destinations name. */
export function withholdingProblems(
  { consent = {} }: Pick<ProjectConfig, 'consent'>,
  destinations: readonly Destination[],
  spans: Spans,
): readonly Diagnostic[] {
  const names = Object.keys(consent);
  const problem = (code: Diagnostic['code'], message: string, at: object, hint?: string): Diagnostic => ({
    code,
    severity: 'error',
    message,
    ...(hint !== undefined && { hint }),
    ...spanOf(spans, at),
  });
  const bad = Object.entries(consent)
    .filter(([name, { key }]) => !new RegExp(KEY_PATTERN).test(name) || key.length > 255)
    .map(([name, definition]) =>
      problem(
        'invalid-value',
        `${JSON.stringify(name)} is not a category: lowercase letters, digits and "_"`,
        definition,
        'give it such a name, and what events call it as { "preference": "…" }',
      ),
    );
  const listed =
    names.length === 0 ? 'rollcall.json has no "consent"' : `the categories are ${orList(names)}`;
  const unknown = destinations.flatMap((destination) =>
    (destination.consent ?? [])
      .filter(({ name }) => !names.includes(name))
      .map((ref) =>
        problem(
          'unknown-reference',
          `there is no category of consent ${JSON.stringify(ref.name)}`,
          ref,
          didYouMean(ref.name, names) ?? listed,
        ),
      ),
  );
  return [...bad, ...unknown];
}
