/** Expressions to SQL: a total table of writers, one a kind. */
import { CompilerBug, UserError } from '../../compiler/diagnostics/index.js';
import { typeOf } from '../../compiler/ir/expressions.js';
import type { Expr, ExprKind } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, InstantValue, Params, Sql, Unsupported } from '../dialect.js';
import type { CallExpr } from './beside.js';
import type { EmitEngine } from './engine.js';
import { breakLines, pad } from './layout.js';
import { demanded, notDistinct, PRECEDENCE, strength, unwrapped } from './precedence.js';

export type ColumnExpr = Extract<Expr, { kind: 'col' }>;

/** Where an expression is being written: the engine, the parameters, and what its columns are called there. */
export interface Writer {
  readonly engine: EmitEngine;
  readonly params: Params;
  column(column: ColumnExpr): Sql;
  /** What aggregates are windows over: `over (…)`. */
  readonly over?: Sql;
  /** Calls that may be answered together with one. */
  beside?(call: CallExpr): readonly Expr[];
}

type Writers = {
  readonly [K in ExprKind]: (expr: Extract<Expr, { kind: K }>, writer: Writer, indent: number) => Sql;
};

const WRITERS: Writers = {
  col: (expr, writer) => writer.column(expr),
  lit: (expr, { engine }) => engine.literal(expr.literal),
  null: (expr, { engine }) => `cast(null as ${engine.type(expr.type)})`,
  param: (expr, { engine, params }) => {
    const value = params[expr.name];
    if (value === undefined) throw new CompilerBug(`parameter ${expr.name} has no value`);
    return engine.literal(value);
  },
  call: (expr, writer, indent) => {
    const same = notDistinct(expr);
    if (same && writer.engine.capabilities.nullSafeEquals) {
      return same.map((a) => operand(a, PRECEDENCE.add, writer, indent + 1)).join(' is not distinct from ');
    }
    const emit = supported(writer.engine, writer.engine.functions[expr.fn], expr.fn);
    const args = expr.args.map((a, i) => operand(a, demanded(expr.fn, i), writer, indent + 1));
    if ((expr.fn === 'and' || expr.fn === 'or') && args.length > 1) return breakLines(args, expr.fn, indent);
    return emit(args, context(expr, writer, [], indent));
  },
  case: (expr, writer, indent) => {
    const whens = expr.whens.map(
      ({ when, then }) => `when ${write(when, writer, indent + 2)} then ${write(then, writer, indent + 2)}`,
    );
    const otherwise = expr.otherwise ? [`else ${write(expr.otherwise, writer, indent + 2)}`] : [];
    const oneLine = ['case', ...whens, ...otherwise, 'end'].join(' ');
    if (oneLine.length <= 80 && !oneLine.includes('\n')) return oneLine;
    const inner = `\n${pad(indent + 1)}`;
    return `case${inner}${[...whens, ...otherwise].join(inner)}\n${pad(indent)}end`;
  },
  cast: (expr, writer, indent) => {
    const { expr: inner, type } = expr;
    // Steps cast what they store, and may be given what is cast already.
    const again = inner.kind === 'cast' && inner.type === type;
    return again
      ? write(inner, writer, indent)
      : `cast(${write(inner, writer, indent)} as ${writer.engine.type(type)})`;
  },
  some: ({ of, as, test }, writer, indent) => {
    const { engine } = writer;
    const array = operand(of, PRECEDENCE.atom, writer, indent);
    return engine.some(array, engine.quoteIdentifier(as), write(test, writer, indent + 1));
  },
  element: ({ name }, { engine }) => engine.quoteIdentifier(name),
  agg: (expr, writer, indent) => {
    const { engine } = writer;
    const emit = supported(engine, engine.aggregates[expr.fn], expr.fn);
    const keys = expr.orderBy ?? [];
    const orderBy = (keys.some(isOrder) ? keys.filter(isOrder) : keys).map((key) =>
      write(key, writer, indent),
    );
    const inFilter = expr.filter !== undefined && engine.capabilities.aggregateFilter;
    const filter = inFilter ? write(expr.filter, writer, indent + 1) : undefined;
    const args = inFilter ? expr.args : guardedArgs(expr);
    // An aggregate's argument may stand anywhere in its template, so it must hold together.
    const sql = args.map((a) =>
      operand(a, expr.fn === 'count' ? PRECEDENCE.any : PRECEDENCE.atom, writer, indent),
    );
    return emit(sql, { ...context(expr, writer, orderBy, indent), filter, over: writer.over });
  },
};

/** SQL of an expression, fit to stand between commas or clauses. `indent` is the depth of the line it is on. */
export function write(expr: Expr, writer: Writer, indent: number): Sql {
  const inner = unwrapped(expr);
  return (WRITERS[inner.kind] as (e: Expr, w: Writer, i: number) => Sql)(inner, writer, indent);
}

function operand(expr: Expr, level: number, writer: Writer, indent: number): Sql {
  const inner = unwrapped(expr);
  const sql = write(inner, writer, indent);
  return strength(inner) < level ? `(${sql})` : sql;
}

/** Top-level conjuncts of a WHERE or HAVING, one a line. */
export function writeConjunction(exprs: readonly Expr[], writer: Writer, indent: number): readonly Sql[] {
  return exprs.flatMap((expr) => {
    const inner = unwrapped(expr);
    if (inner.kind === 'call' && inner.fn === 'and' && inner.args.length > 0) {
      return writeConjunction(inner.args, writer, indent);
    }
    const alone = exprs.length === 1;
    return [operand(inner, alone ? PRECEDENCE.any : PRECEDENCE.and, writer, alone ? indent : indent + 1)];
  });
}

/** Whether a key puts anything in order: a constant does not, and some engines refuse it. */
export const isOrder = (key: Expr): boolean =>
  key.kind !== 'lit' && key.kind !== 'param' && key.kind !== 'null';

/**
 * Without FILTER, rows that fail the condition count as nulls, which aggregates skip. What comes after the first argument
 * is a constant, which no row has a part in.
 */
function guardedArgs(expr: Extract<Expr, { kind: 'agg' }>): readonly Expr[] {
  const { filter, args } = expr;
  if (filter === undefined) return args;
  const guard = (then: Expr): Expr => ({ kind: 'case', whens: [{ when: filter, then }], type: expr.type });
  const [of = { kind: 'lit', literal: { type: 'int', value: '1' } }, ...constants] = args;
  return [guard(of), ...constants];
}

function context(
  expr: Extract<Expr, { kind: 'call' | 'agg' }>,
  writer: Writer,
  orderBy: readonly Sql[],
  indent: number,
): EmitContext {
  const { engine, params } = writer;
  return {
    args: expr.args,
    type: expr.type,
    beside: (expr.kind === 'call' && writer.beside?.(expr)) || [],
    literal: (value) => engine.literal(value),
    instant: (index) => instantIn(expr.args[index], params),
    orderBy,
    orderTypes: (expr.kind === 'agg' ? (expr.orderBy ?? []) : []).map(typeOf),
    newLine: `\n${pad(indent + 1)}`,
  };
}

/** An instant that is a literal, a parameter, or either of them moved by a constant. */
function instantIn(expr: Expr | undefined, params: Params): InstantValue | undefined {
  if (expr?.kind === 'call' && expr.fn === 'ts_add_micros') {
    const [from, by] = [instantIn(expr.args[0], params), expr.args[1]];
    if (!from || by?.kind !== 'lit' || by.literal.type !== 'int') return undefined;
    return { type: 'timestamp', value: String(BigInt(from.value) + BigInt(by.literal.value)) };
  }
  const value = expr?.kind === 'lit' ? expr.literal : expr?.kind === 'param' ? params[expr.name] : undefined;
  return value?.type === 'timestamp' ? value : undefined;
}

function supported(engine: EmitEngine, emit: Emit | Unsupported, name: string): Emit {
  if (typeof emit === 'function') return emit;
  throw notSupported(engine, `${name}: ${emit.unsupported}`);
}

/** The diagnostic of what an engine cannot do; the compiler adds the definition it was compiling. */
export function notSupported(engine: Pick<EmitEngine, 'name'>, what: string): UserError {
  return new UserError({
    code: 'not-supported',
    severity: 'error',
    message: `${engine.name} cannot do ${what}`,
  });
}
