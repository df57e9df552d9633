/** What a query refers to, and what a name that nothing has may be: a column that is not known yet. */
import type { Definition, Spans } from '../../models/definition.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { didYouMean, orList } from '../diagnostics/suggest.js';
import { querySpan } from '../sql/index.js';
import type { Names } from './names.js';

/** The definitions that the query of a SQL trait refers to, and the references that lead nowhere. */
export function checkRefs(
  definition: Definition,
  names: Names,
  spans: Spans,
): { readonly upstream: ReadonlySet<string>; readonly diagnostics: readonly Diagnostic[] } {
  const upstream = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  const query = names.query(definition.key);
  for (const part of query?.parts ?? []) {
    if (!query || part.kind !== 'ref') continue;
    const found = names.reference(part.key);
    if (found) {
      upstream.add(found.key);
      continue;
    }
    const span = querySpan(query, part.at, spans);
    diagnostics.push({
      ...unknownName(names, part.key, 'definition', names.keys()),
      definition: definition.key,
      ...(span && { span }),
    });
  }
  return { upstream, diagnostics };
}

/** Why nothing has a name. */
export function unknownName(
  names: Names,
  name: string,
  what: 'trait' | 'definition',
  known: readonly string[],
): Pick<Diagnostic, 'code' | 'severity' | 'message' | 'hint'> {
  const outputs = names.outputs(name);
  if (outputs.length > 1) {
    return {
      code: 'unknown-reference',
      severity: 'error',
      message: `"${name}" computes ${outputs.length} traits`,
      hint: `name one of them: ${orList(outputs)}`,
    };
  }
  const meant = didYouMean(name, known);
  const untyped = names.untyped();
  const own = untyped.some((definition) => definition.key === name);
  if (own || (untyped.length > 0 && meant === undefined)) {
    const places = untyped.map(({ key, file }) => `${key} (${file})`).join(', ');
    return {
      code: 'unknown-type',
      severity: 'error',
      message: own
        ? `"${name}" is used before its type is known: the columns of its query are not`
        : `"${name}" may be a column of a query whose columns are not known: ${places}`,
      hint: 'mend the query first',
    };
  }
  return {
    code: 'unknown-reference',
    severity: 'error',
    message: `There is no ${what} "${name}"`,
    ...(meant !== undefined && { hint: meant }),
  };
}
