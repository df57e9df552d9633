/**
 * Text that breaks what quotes, formats, splits or interpolates carelessly.
 */
import fc from 'fast-check';

/**
 * No NUL (PostgreSQL stores none) and no lone surrogate (not text). Whole fragments are units too, so that shrinking
 * keeps the fragment that matters.
 */
const FRAGMENTS = [
  'a',
  'A',
  '1',
  ' ',
  "'",
  "''",
  '"',
  '`',
  '\\',
  "\\'",
  '\\n',
  '\n',
  '\t',
  ';',
  '--',
  '/*',
  '*/',
  '%',
  '%s',
  '_',
  '?',
  '??',
  ':x',
  '@x',
  '$',
  '$1',
  '$$',
  '${x}',
  '{{x}}',
  '.',
  '..',
  '/',
  ',',
  '(',
  ')',
  '[0]',
  '{"a":1}',
  'null',
  ' as b',
  'é',
  'e\u0301',
  'ß',
  'İ',
  'Ж',
  '日本',
  '\uFFFD',
  '😀',
  '👩‍👩‍👧',
];

/**
 * Arbitrary hostile text: any run of quotes, backslashes, comment marks, placeholders, line ends and non-Latin
 * letters. Shrinks towards the empty text and the plain letter.
 *
 * @param constraints `minLength` and `maxLength` count fragments; 0 and 6 unless given.
 */
export function hostileText(
  constraints: { minLength?: number; maxLength?: number } = {},
): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 6 } = constraints;
  return fc.array(fc.constantFrom(...FRAGMENTS), { minLength, maxLength }).map((parts) => parts.join(''));
}
