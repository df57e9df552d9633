/** The helpers every template can call. Each gives a value, or a hole. */
import type { LiteralPart, PartBody } from './parts.js';

/** What a helper gives: plain data, a hole, or text with holes in it (a macro's). */
export type HelperValue = unknown;

/** A hole, wherever it is put in. */
export class Hole {
  constructor(readonly body: PartBody) {}
}

export interface Call {
  readonly args: readonly unknown[];
  readonly hash: Readonly<Record<string, unknown>>;
  /** Of `rollcall.json` and the command line. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** What the macro that the call stands in was given; absent in a query. */
  readonly frame?: Frame;
}

export interface Frame {
  readonly args: readonly unknown[];
  readonly hash: Readonly<Record<string, unknown>>;
}

/** What a helper says when it cannot be called so. */
export class Misuse extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

const DAY = 86_400_000_000n;
const HOUR = 3_600_000_000n;

export const HELPERS: Readonly<Record<string, (call: Call) => HelperValue>> = {
  ref: (call) => new Hole({ kind: 'ref', key: textArg(call, 0, 'the key of a trait or an audience') }),
  source: (call) =>
    new Hole({ kind: 'source', name: textArg(call, 0, 'a table, such as "web.order_completed"') }),
  as_of: (call) => {
    atMost(call, 0);
    return new Hole({ kind: 'as_of' });
  },
  days_ago: (call) => new Hole({ kind: 'ago', micros: span(call, DAY) }),
  hours_ago: (call) => new Hole({ kind: 'ago', micros: span(call, HOUR) }),
  var: variable,
  identifier: (call) => {
    const name = textArg(call, 0, 'the name of a column or a table');
    if (name.split('.').some((part) => part === '')) throw new Misuse(`${JSON.stringify(name)} is no name`);
    return new Hole({ kind: 'name', name });
  },
  json_text: (call) => jsonHole(call, 'text'),
  json_number: (call) => jsonHole(call, 'number'),
  arg: argument,
  eq: ({ args: [a, b] }) => a === b,
  not: ({ args: [a] }) => a === false || a === undefined || a === null || a === 0 || a === '',
};

function jsonHole(call: Call, as: 'text' | 'number'): Hole {
  atMost(call, 2);
  const column = text(call.args[0], 'the name of a column');
  const path = text(call.args[1], 'a path, such as "address.city"');
  if (column.split('.').some((part) => part === ''))
    throw new Misuse(`${JSON.stringify(column)} is no name of a column`);
  return new Hole({ kind: 'json', as, column, path });
}

/** `{{var "x"}}`, or `{{var "x" 30}}` where there may be none. */
function variable(call: Call): unknown {
  atMost(call, 2);
  const name = text(call.args[0], 'the name of a variable');
  if (Object.hasOwn(call.vars, name)) return call.vars[name];
  if (call.args.length > 1) return call.args[1];
  const known = Object.keys(call.vars);
  throw new Misuse(
    `there is no variable ${JSON.stringify(name)}`,
    known.length === 0
      ? 'variables are given under "vars" in rollcall.json'
      : `there are ${known.sort().join(', ')}, under "vars" in rollcall.json`,
  );
}

/** `{{arg 0}}` or `{{arg "days"}}`, with what it is when it was not given: `{{arg "days" 30}}`. */
function argument(call: Call): unknown {
  atMost(call, 2);
  if (!call.frame) throw new Misuse('"arg" is for macros: a query is given no arguments');
  const [which] = call.args;
  if (typeof which !== 'number' && typeof which !== 'string')
    throw new Misuse('"arg" takes the name of an argument, or its place from 0');
  const { args, hash } = call.frame;
  const given =
    typeof which === 'number' ? args[which] : Object.hasOwn(hash, which) ? hash[which] : undefined;
  if (given !== undefined) return given;
  if (call.args.length > 1) return call.args[1];
  throw new Misuse(
    `the macro was called without the argument ${JSON.stringify(which)}`,
    typeof which === 'number' ? undefined : `call it with ${which}=…`,
  );
}

function textArg(call: Call, index: number, what: string): string {
  atMost(call, index + 1);
  return text(call.args[index], what);
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Misuse(`${what} is expected${value === undefined ? '' : `, not ${shown(value)}`}`);
}

function span(call: Call, unit: bigint): bigint {
  atMost(call, 1);
  const [amount] = call.args;
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0 || amount > 1e6)
    throw new Misuse(
      `how many is expected${amount === undefined ? '' : `, not ${shown(amount)}`}`,
      'such as {{days_ago 30}}',
    );
  // Millionths are exact enough, and keep the product one of integers.
  return (BigInt(Math.round(amount * 1e6)) * unit) / 1_000_000n;
}

function atMost({ args }: Call, count: number): void {
  if (args.length > count)
    throw new Misuse(
      count === 0
        ? 'no argument is expected'
        : `at most ${count} argument${count === 1 ? ' is' : 's are'} expected`,
    );
}

/** A value for a message, cut short: vars may be long, and may be secrets only by mistake. */
export function shown(value: unknown): string {
  if (value instanceof Hole) return 'SQL';
  if (typeof value === 'string') return 'a text';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'an object';
}

export const isLiteral = (value: unknown): value is LiteralPart =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
