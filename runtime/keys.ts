/** Keys a person names. */
import { UserError } from '../compiler/diagnostics/index.js';
import { didYouMean } from '../compiler/diagnostics/suggest.js';

/** The error for a key that nothing has. */
export function unknownKey(key: string, known: readonly string[]): UserError {
  const hint = didYouMean(key, [...new Set(known)]);
  return new UserError({
    code: 'unknown-reference',
    severity: 'error',
    message: `there is no definition ${JSON.stringify(key)}`,
    ...(hint !== undefined && { hint }),
  });
}
