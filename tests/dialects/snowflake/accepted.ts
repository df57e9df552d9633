/**
 * Whether Snowflake would take a statement, as far as that can be told without it: a parser that is not ours, and what
 * Snowflake's documentation has, or refuses, that the parser lets pass.
 */
import { init, parse } from '@guanmingchiu/sqlparser-ts';

/** Every function we call, as Snowflake's reference lists it. What is not here is not emitted. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `abs array_agg array_compact array_flatten array_size as_array as_object as_varchar boolor_agg cast ceil chr coalesce
  collate contains convert_timezone count date_part date_trunc dateadd endswith filter flatten floor get greatest
  greatest_ignore_nulls hash insert is_null_value lag least least_ignore_nulls left length lower lpad max max_by
  md5_number_lower64 md5_number_upper64 min min_by mod object_construct parse_json regexp_like regexp_replace repeat
  round row_number rtrim sha2 sign startswith strip_null_value sum to_json to_varchar to_variant transform trunc
  try_parse_json try_to_decimal try_to_number try_to_timestamp_tz nullif replace`.split(/\s+/),
);

/** Words that stand before a parenthesis and are no functions; types with their sizes. */
const WORDS: ReadonlySet<string> = new Set(
  `and as between by case distinct else exists from group having in is join lateral not on or order over partition
  select set then union using values when where with group within number varchar timestamp_ntz decimal insert into all
  cluster t s`.split(/\s+/),
);

/** What Snowflake does not have, or refuses, in a statement without its texts and quoted names. */
const REFUSED: readonly (readonly [why: string, what: RegExp])[] = [
  ['FILTER after an aggregate', /\)\s*filter\s*\(\s*where\b/],
  ['SEMI JOIN and ANTI JOIN', /\b(?:semi|anti)\s+join\b/],
  ['ASOF LEFT JOIN', /\basof\s+left\b/],
  ['an ASOF JOIN without MATCH_CONDITION', /\basof\s+join\b(?![\s\S]*\bmatch_condition\b)/],
  ['TRY_CAST of anything but texts', /\btry_cast\s*\(/],
  ['a type that is not there', /\b(?:as|::)\s*(?:json|jsonb|hugeint|int64|timestamptz|struct|list|uuid)\b/],
  ['the lambda of another engine', /\blambda\b/],
  ['AT TIME ZONE', /\bat\s+time\s+zone\b/],
  ['integer division', /\/\//],
  ['the order of an aggregate inside its parentheses', /\barray_agg\s*\([^()]*\border\s+by\b/],
  ['VALUES with anything but constants', /\bvalues\s*\(\s*(?:parse_json|cast)\b|\bfrom\s*\(\s*values\b/],
  ['DISTINCT ON', /\bdistinct\s+on\b/],
  ['ON CONFLICT and RETURNING', /\bon\s+conflict\b|\breturning\b/],
  [
    'ROW_NUMBER without an order',
    /\b(?:row_number|lag)\s*\([^()]*\)\s*over\s*\((?![^()]*\border\s+by)[^()]*\)/,
  ],
  ['DISTINCT in a window', /\bcount\s*\(\s*distinct\b[^()]*\)\s*over\b/],
  [
    'EXISTS anywhere but among the conjuncts of WHERE',
    /\b(?:or|case|when|then|select|,)\s+(?:not\s+)?exists\s*\(/,
  ],
  ['a cast by ::', /::/],
  ['a comparison with NULL', /=\s*null\b/],
  ['INTERSECT and EXCEPT ALL', /\b(?:intersect|except)\s+all\b/],
];

const MOST_BYTES = 1_000_000;

/** Makes the parser ready. */
export const ready = (): Promise<unknown> => init();

/** The statements of a block that is executed as a text. */
function ofBlock(sql: string): readonly string[] | undefined {
  const [, block] = /^execute immediate '([^]*)'$/.exec(sql) ?? [];
  if (block === undefined) return undefined;
  const text = block.replace(/''|\\([^])/g, (all, escaped: string | undefined) => escaped ?? "'");
  const [, body] = /^begin\n([^]*);\nend$/.exec(text) ?? [];
  return body?.split(/;\n(?=create )/);
}

/** Why Snowflake would refuse a statement; nothing where it would not, as far as this can tell. */
export function refusals(sql: string): readonly string[] {
  const inside = ofBlock(sql);
  const found: string[] = (inside ?? []).flatMap(refusals);
  try {
    const statements: unknown = parse(sql, 'snowflake');
    if (!Array.isArray(statements) || statements.length !== 1) found.push('not one statement');
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error));
  }
  const bare = withoutTexts(sql).toLowerCase();
  for (const [why, what] of REFUSED) if (what.test(bare)) found.push(why);
  for (const [, name = ''] of bare.matchAll(/\b([a-z_][a-z0-9_]*)\s*\(/g)) {
    if (!FUNCTIONS.has(name) && !WORDS.has(name) && !/^\s*$/.test(name) && !isNamed(bare, name)) {
      found.push(`${name} is no function that we know Snowflake to have`);
    }
  }
  if (Buffer.byteLength(sql) > MOST_BYTES) found.push('longer than a statement may be');
  return [...new Set(found)];
}

/** A CTE with its columns, or a table with its: `with name (…) as (`, `insert into name (`, `create table name (`. */
const isNamed = (bare: string, name: string): boolean =>
  new RegExp(`\\b(?:into|table|exists)\\s+(?:[a-z0-9_."]+\\.)?${name}\\s*\\(`).test(bare) ||
  new RegExp(`(?:\\bwith(?:\\s+recursive)?\\s|,)\\s*${name}\\s*\\([^()]*\\)\\s*as\\s*\\(`).test(bare) ||
  new RegExp(`\\btable if not exists\\s+(?:[a-z0-9_."]+\\.)?${name}\\s*\\(`).test(bare);

/** Texts and quoted names are emptied; in a text a backslash escapes. */
const withoutTexts = (sql: string): string =>
  sql.replace(/'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"]|"")*"/g, (text) => (text.startsWith('"') ? '"q"' : "''"));
