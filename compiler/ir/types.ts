/**
 * The IR: a small, closed, serialisable algebra of relations and typed scalar expressions
 * (ARCHITECTURE, "The contracts"). It knows no engine. Nodes are frozen plain objects; a relation object
 * used twice is *shared* and becomes one CTE.
 */

/**
 * `number` is the decimal of SEMANTICS §10 (38 digits, 9 after the point), `int` a 64-bit integer (counts,
 * profile numbers), `timestamp` an instant in UTC to the microsecond, `json` a JSON value.
 */
export type ScalarType = 'bool' | 'int' | 'number' | 'text' | 'timestamp' | 'json';

/**
 * How a source column is typed by its engine, as introspection found it. `other` columns are read as the
 * engine's text. `decimal` carries at most 9 fraction digits and 29 integer digits, so needs no rounding.
 */
export type ColumnKind =
  | 'int'
  | 'decimal'
  | 'wide_decimal'
  | 'float'
  | 'bool'
  | 'text'
  | 'timestamp'
  | 'timestamptz'
  | 'date'
  | 'json'
  | 'other';

export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

export interface TableRef {
  readonly catalog?: string;
  readonly schema?: string;
  readonly name: string;
}

/* ------------------------------------------------------------------ expressions */

export type LiteralValue =
  | { readonly type: 'bool'; readonly value: boolean }
  /** Decimal text: integers for `int`, up to 9 fraction digits for `number`. */
  | { readonly type: 'int' | 'number'; readonly value: string }
  | { readonly type: 'text'; readonly value: string }
  /** Microseconds since 1970-01-01T00:00:00Z, as decimal text. */
  | { readonly type: 'timestamp'; readonly value: string }
  /** JSON text. */
  | { readonly type: 'json'; readonly value: string };

/**
 * Scalar functions. Three-valued logic as in SQL: unless said otherwise a null argument gives null.
 * `path` arguments are `lit` text holding a JSON array of steps, e.g. `["address","city"]`.
 */
export const FUNCTIONS = {
  and: 'variadic, SQL three-valued',
  or: 'variadic, SQL three-valued',
  not: '',
  eq: 'text by code point, numbers numerically',
  ne: '',
  lt: 'text order by code point',
  le: '',
  gt: '',
  ge: '',
  is_distinct: 'null-safe inequality of two values of one type, never null',
  is_null: 'never null',
  is_not_null: 'never null',
  in_list: '(value, lit, lit, …)',
  coalesce: 'variadic',
  least: 'variadic; nulls are ignored, null when all are',
  greatest: 'variadic; nulls are ignored, null when all are',
  add: 'int + int, number + number',
  sub: '',
  mul: '',
  int_div: '(int, lit int above 0) whole quotient, rounded toward zero',
  neg: '',
  ts_add_micros: '(timestamp, int) timestamp moved by microseconds',
  ts_micros: '(timestamp) int microseconds since the epoch',
  contains: '(text, text) literal substring',
  starts_with: '(text, text)',
  ends_with: '(text, text)',
  concat: 'variadic text',
  lower: '',
  column_text: '(source column, lit kind) the text of a column by SEMANTICS §2/§10',
  column_number: '(source column, lit kind) its decimal, or null when it is no number or numeric text',
  column_instant: '(source column, lit kind) its instant, or null',
  column_since:
    '(source column, lit kind, timestamp) whether column_instant is there and not before; spelled so that rows may be left unread',
  column_missing: '(source column, lit kind) whether column_instant is null; spelled likewise',
  column_json: '(source column, lit kind) its JSON value keeping its type; null stays null',
  any_json: '(source column of any type) its JSON value where it is JSON, or text that holds it; else null',
  json_text:
    '(json, path) text of the value at path by SEMANTICS §2/§10; JSON null and absent are null; plain steps never enter an array',
  json_text_in: '(json, path, lit text, …) whether json_text is one of the texts; null where it is null',
  json_number: '(json, path) number or numeric text at path as decimal, else null',
  json_instant: '(json, path) instant of the ISO text at path, else null',
  json_value: '(json, path) the JSON value at path; JSON null and absent are null',
  text_json_value: '(text holding JSON, path) json_value of it; null when the text is not JSON',
  json_elements:
    '(json, path whose `$` step into arrays) JSON array of the values reached, in order, nulls left out; null when there are none',
  json_first: '(json array) its first element; null when there is none',
  json_last: '(json array) its last element; null when there is none',
  json_mention:
    '(json, path) like json_value, but an explicit JSON null at path or at any parent on it gives JSON null (not SQL null): a removal',
  json_is_null: '(json) true when the value is JSON null; SQL null is null',
  number_text: '(number|int) text without exponent or trailing zeros',
  bool_text: '(bool) true | false',
  ts_text: '(timestamp) ISO 8601 in UTC with Z; fraction only when there is one, without trailing zeros',
  text_number: '(text) numeric text as decimal, else null',
  text_instant: '(text) ISO 8601 text as instant, else null',
  text_json: '(text) the JSON string holding the text',
  number_json: '(number|int) the JSON number',
  bool_json: '(bool) the JSON boolean',
  parse_json: '(text holding JSON) json; null when it is not JSON',
  json_object:
    '(text key, json value, key, value, …) object; a pair whose value is SQL null is left out; keys differ and are not null',
  json_dump: '(json) compact text of the JSON value',
  sha256_hex: '(text) 64 lower-case hex digits of its UTF-8',
  hash64: '(text) a hash of about 64 bits as int; engine-specific, never stored across engines',
  digest_high:
    '(text) one half of a digest of some 120 bits as int; engine-specific, and stays, so it may be stored',
  digest_low: '(text) the other half of it',
} as const;

export type FnName = keyof typeof FUNCTIONS;

/** Aggregates skip nulls and honour `filter`; on no rows count and count_distinct are 0, the others null. */
export const AGGREGATES = {
  count: '() or (expr)',
  count_distinct: '(expr)',
  sum: '(number|int) exact decimal; null when beyond the range',
  avg: '(number) exact decimal rounded half away from zero to 9 digits',
  avg_at_least: '(number, lit number below 1e15) whether avg is at least the literal; null where avg is null',
  min: 'text by code point',
  max: '',
  first: '(expr) of the row smallest by orderBy, nulls of expr skipped',
  last: '(expr) of the row largest by orderBy, nulls of expr skipped',
  any_true: '(bool)',
  json_text_array: '(text) JSON array of the texts, in orderBy order',
} as const;

export type AggName = keyof typeof AGGREGATES;

export type Expr =
  | {
      readonly kind: 'col';
      readonly name: string;
      readonly type: ScalarType;
      readonly side?: 'left' | 'right';
    }
  | { readonly kind: 'lit'; readonly literal: LiteralValue }
  | { readonly kind: 'null'; readonly type: ScalarType }
  /** A value known when the program runs: `as_of`, `run_id`, `first_run_at`, … */
  | { readonly kind: 'param'; readonly name: string; readonly type: ScalarType }
  | { readonly kind: 'call'; readonly fn: FnName; readonly args: readonly Expr[]; readonly type: ScalarType }
  | {
      readonly kind: 'case';
      readonly whens: readonly { readonly when: Expr; readonly then: Expr }[];
      readonly otherwise?: Expr;
      readonly type: ScalarType;
    }
  | { readonly kind: 'cast'; readonly expr: Expr; readonly type: ScalarType }
  /** Whether a test is true of some element of a JSON array; never null, and false of anything but an array. */
  | {
      readonly kind: 'some';
      readonly of: Expr;
      /** What the test calls the element; no column has this name, nor has a `some` around this one. */
      readonly as: string;
      readonly test: Expr;
      readonly type: 'bool';
    }
  /** The element that a `some` around it looks at. */
  | { readonly kind: 'element'; readonly name: string; readonly type: 'json' }
  | {
      readonly kind: 'agg';
      readonly fn: AggName;
      readonly args: readonly Expr[];
      readonly filter?: Expr;
      readonly orderBy?: readonly Expr[];
      readonly type: ScalarType;
    };

export type ExprKind = Expr['kind'];

export interface Named {
  readonly name: string;
  readonly expr: Expr;
}

/* -------------------------------------------------------------------- relations */

/** Every relation knows its output columns; names are unique within it. */
interface RelationBase {
  readonly columns: readonly Column[];
  /** A readable name for its CTE. */
  readonly label?: string;
  /**
   * Always a CTE of its own, called by its label, and the same object in many queries: its text is made once.
   * It may use no parameter but `as_of`.
   */
  readonly stable?: true;
}

export interface Scan extends RelationBase {
  readonly kind: 'scan';
  readonly table: TableRef;
}

export interface Filter extends RelationBase {
  readonly kind: 'filter';
  readonly input: Relation;
  readonly predicate: Expr;
}

/** Replaces the columns by the named expressions. */
export interface Project extends RelationBase {
  readonly kind: 'project';
  readonly input: Relation;
  readonly exprs: readonly Named[];
  readonly distinct?: boolean;
}

/** Groups by `groupBy` (none: one row); `having` may use aggregates directly. */
export interface Aggregate extends RelationBase {
  readonly kind: 'aggregate';
  readonly input: Relation;
  readonly groupBy: readonly Named[];
  readonly aggs: readonly Named[];
  readonly having?: Expr;
}

export interface KeyPair {
  readonly left: string;
  readonly right: string;
  readonly nullSafe?: boolean;
}

/**
 * Equi-join (plus `residual`, whose columns carry `side`). Output: all columns of the left, then those of
 * the right which are not in `on` with the same name on both sides; other name clashes are a bug.
 */
export interface Join extends RelationBase {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'full' | 'cross';
  readonly left: Relation;
  readonly right: Relation;
  readonly on: readonly KeyPair[];
  readonly residual?: Expr;
}

/** Rows of the left that have (`semi_join`) or lack (`anti_join`) a partner; columns of the left. */
export interface SemiJoin extends RelationBase {
  readonly kind: 'semi_join' | 'anti_join';
  readonly left: Relation;
  readonly right: Relation;
  readonly on: readonly KeyPair[];
  readonly residual?: Expr;
}

/** By position; columns of the first input. `all: false` removes duplicates. */
export interface Union extends RelationBase {
  readonly kind: 'union';
  readonly inputs: readonly Relation[];
  readonly all: boolean;
}

/**
 * Adds one column to the input's. Over a partition in order: the row's number; the sum, the least or the greatest `arg` so
 * far; `arg` of the row before (null at the first). Over the whole partition, whatever the order: the greatest `arg`, the number of rows.
 * `framed`: the aggregate that is `arg`, over the rows of the partition whose order, an integer, is within the frame; rows
 * with a null in their partition or order have nothing to aggregate, as some engines join for it.
 */
export interface Window extends RelationBase {
  readonly kind: 'window';
  readonly input: Relation;
  readonly fn:
    'row_number' | 'running_sum' | 'running_min' | 'running_max' | 'previous' | 'max' | 'count' | 'framed';
  /** Of a `running_sum` an integer; `row_number` and `count` have none. */
  readonly arg?: Expr;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly {
    readonly expr: Expr;
    readonly desc?: boolean;
    readonly nulls?: 'first' | 'last';
  }[];
  /** Of `framed` alone. */
  readonly frame?: Frame;
  readonly as: string;
}

/** Rows by how far their order, an integer, is beyond that of the row; both ends inclusive, without `to` no end. */
export interface Frame {
  readonly from: bigint;
  readonly to?: bigint;
}

/** One row per element of a JSON array (or, with `keys`, per key of a JSON object), added as column `as`. */
export interface Unnest extends RelationBase {
  readonly kind: 'unnest';
  readonly input: Relation;
  readonly expr: Expr;
  readonly of: 'elements' | 'keys';
  readonly as: string;
}

/**
 * Each row of the left with the nearest row of the right that has the same keys, by time; nulls where there is
 * none (SEMANTICS §4: how funnels look ahead without trying every pair). Output as of a left join. Where
 * several rows of the right share keys and time, any of them: a reader of more than the time makes them unique.
 */
export interface Nearest extends RelationBase {
  readonly kind: 'nearest';
  readonly left: Relation;
  readonly right: Relation;
  readonly on: readonly KeyPair[];
  /** Over the left's columns. */
  readonly time: Expr;
  /** The right's column. */
  readonly rightTime: string;
  /** The first row strictly after `time`, the first at or after it, or the last at or before it. */
  readonly match: 'after' | 'at_or_after' | 'at_or_before';
}

export interface Values extends RelationBase {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
}

/** A piece of a user's query. */
export type QueryPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** Where a table may stand. */
  | { readonly kind: 'rows'; readonly relation: Relation }
  /** A value; a column in it is a name of the user's own, its parts separated by dots. */
  | { readonly kind: 'value'; readonly expr: Expr };

/**
 * A query of the user's: text that is SQL as it stands, with holes that a dialect prints. Its columns are what
 * the engine said they are, under their own names.
 */
export interface UserQuery extends RelationBase {
  readonly kind: 'query';
  readonly pieces: readonly QueryPiece[];
  /** Names the text mentions, in lower case: none made up around it may meet them. */
  readonly mentions: ReadonlySet<string>;
}

export type Relation =
  | Scan
  | Filter
  | Project
  | Aggregate
  | Join
  | SemiJoin
  | Union
  | Window
  | Unnest
  | Nearest
  | Values
  | UserQuery;

export type RelationKind = Relation['kind'];
