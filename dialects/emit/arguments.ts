/** What emitters of functions read of their arguments in the IR, where their SQL is not enough. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { ColumnKind, Expr, ScalarType } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import { instantDigits } from './literals.js';
import { arg } from './standard.js';

/** The text of an argument that is a literal. */
export function textLiteral(expr: Expr | undefined): string {
  if (expr?.kind !== 'lit' || expr.literal.type !== 'text')
    throw new CompilerBug('a literal text was expected');
  return expr.literal.value;
}

/** The steps of a `path` argument. */
export function pathSteps(expr: Expr | undefined): readonly string[] {
  const path = textLiteral(expr);
  const steps: unknown = JSON.parse(path);
  if (!Array.isArray(steps) || !steps.every((step) => typeof step === 'string')) {
    throw new CompilerBug(`not a JSON path: ${path}`);
  }
  return steps;
}

/** Whether an argument is there and of the type. */
export const isOf = (expr: Expr | undefined, type: ScalarType): boolean =>
  expr !== undefined && (expr.kind === 'lit' ? expr.literal.type : expr.type) === type;

/** What to write for a source column of each kind. */
export type ByKind = Readonly<Record<ColumnKind, (column: Sql, newLine: string) => Sql>>;

/** Emits a function of a source column, whose second argument is the column's kind. */
export const byKind =
  (table: ByKind): Emit =>
  (args, { args: exprs, newLine }) => {
    const kind = textLiteral(exprs[1]);
    const emit = Object.hasOwn(table, kind) ? table[kind as ColumnKind] : undefined;
    if (!emit) throw new CompilerBug(`no column kind ${kind}`);
    return emit(arg(args), newLine);
  };

/** An instant that a column is compared with. */
export interface Since {
  /** A literal where it is known, as engines look for one to leave rows unread by. */
  readonly sql: Sql;
  /** `2024-01-31 10:00:00.5`, where it is known. */
  readonly digits: string | undefined;
}

/**
 * Emits `column_since`: whether a column of each kind, as `column_instant` reads it, is at or after an instant.
 *
 * @param bare a test of the column itself, true wherever it is; what an engine can leave rows unread by
 */
export const sinceByKind =
  (
    instants: ByKind,
    bare: Readonly<Partial<Record<ColumnKind, (column: Sql, since: Since) => Sql | undefined>>>,
  ): Emit =>
  (args, context) => {
    const known = context.instant(2);
    const since = {
      sql: known ? context.literal(known) : `(${arg(args, 2)})`,
      digits: known && instantDigits(known.value),
    };
    const exact = `${byKind(instants)(args, context)} >= ${since.sql}`;
    const test = bare[textLiteral(context.args[1]) as ColumnKind]?.(arg(args), since);
    return test === undefined || test === exact ? exact : `(${test} and ${exact})`;
  };

/**
 * Emits `column_missing`: whether `column_instant` of a column is null.
 *
 * @param bare tests of the column itself that say just that; in parentheses where they are several
 */
export const missingByKind =
  (instants: ByKind, bare: Partial<ByKind>): Emit =>
  (args, context) => {
    const test = bare[textLiteral(context.args[1]) as ColumnKind]?.(arg(args), context.newLine);
    return test ?? `${byKind(instants)(args, context)} is null`;
  };

/** Emits a function of a value and a path in it. */
export const pathed =
  (emit: (value: Sql, steps: readonly string[], newLine: string) => Sql): Emit =>
  (args, { args: exprs, newLine }) =>
    emit(arg(args), pathSteps(exprs[1]), newLine);

const UNITS = [
  ['day', 86_400_000_000n],
  ['hour', 3_600_000_000n],
  ['minute', 60_000_000n],
  ['second', 1_000_000n],
] as const;

export interface Span {
  readonly unit: (typeof UNITS)[number][0] | 'microsecond';
  /** Negative for a span back. */
  readonly amount: bigint;
}

/** The constant number of microseconds that an argument is, in the largest unit that holds it whole; else nothing. */
export function constantSpan(expr: Expr | undefined): Span | undefined {
  if (expr?.kind !== 'lit' || expr.literal.type !== 'int') return undefined;
  const micros = BigInt(expr.literal.value);
  const [unit, size] = UNITS.find(([, n]) => micros % n === 0n) ?? (['microsecond', 1n] as const);
  return { unit, amount: micros / size };
}

/** `at - interval '30 days'`, where a day is 24 hours for a timestamp without zone. */
export function plusInterval(at: Sql, { unit, amount }: Span): Sql {
  const magnitude = amount < 0n ? -amount : amount;
  return `${at} ${amount < 0n ? '-' : '+'} interval '${magnitude} ${unit}${magnitude === 1n ? '' : 's'}'`;
}
