/** What a template comes to: text of the user's own, and holes that only a compiler and a dialect can fill. */

/** A text of the user's: a query, or a file of `macros/`. Places are told by this object. */
export interface Template {
  readonly text: string;
}

/** A file of `macros/`, callable by its name. */
export interface MacroTemplate extends Template {
  readonly name: string;
}

/** Offsets in the text of a template; `macro` is the name of the macro it is. */
export interface Place {
  readonly template: Template;
  readonly macro?: string;
  readonly start: number;
  readonly end: number;
}

export type LiteralPart = string | number | boolean | null;

/**
 * Nothing but `text` is ever SQL as it stands, and text is what people wrote in their templates: values travel as
 * `literal`, names as `name`, and whoever prints them quotes them.
 */
export type PartBody =
  | { readonly kind: 'text'; readonly text: string }
  /** The rows of a definition of the project. */
  | { readonly kind: 'ref'; readonly key: string }
  /** A table: `<source or schema>.<table>`. */
  | { readonly kind: 'source'; readonly name: string }
  | { readonly kind: 'as_of' }
  /** An instant so many microseconds before `as_of`. */
  | { readonly kind: 'ago'; readonly micros: bigint }
  | { readonly kind: 'literal'; readonly value: LiteralPart }
  /** An identifier, parts separated by dots. */
  | { readonly kind: 'name'; readonly name: string }
  /** What stands at a path inside a column that is JSON or text that holds it. */
  | {
      readonly kind: 'json';
      readonly as: 'text' | 'number';
      readonly column: string;
      readonly path: string;
    };

export type Part = PartBody & { readonly at: Place };

/** Why a template could not be expanded. */
export interface MacroProblem {
  readonly message: string;
  readonly hint?: string;
  readonly at: Place;
}
