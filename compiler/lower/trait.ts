import { isCounting, type Reducer, type TraitValue } from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import {
  as,
  bool,
  c,
  call,
  caseWhen,
  col,
  filter,
  int,
  nul,
  path,
  project,
  semiJoin,
  text,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { everyone } from './audience.js';
import { measure, ofEvents, passRelation, type Measure } from './measure.js';
import type { LowerContext } from './provider.js';

/**
 * Values of a computed trait: profile key, `value` (JSON text), `number_value` (JSON numbers only) and
 * `text_value` (the value's text). Zero counts and missing values have no row (SEMANTICS §2).
 */
export function lowerTrait(value: TraitValue, context: LowerContext): Relation {
  if (value.kind !== 'reduced') throw new CompilerBug('a trait form passed resolve');
  const m = measure(value.stream, value.reducer, context);
  const reduced = passRelation([m], context);
  const rows = inRange(filter(reduced, stored(m)), m, context);
  const key = context.provider.key.map((k) => as(k.name, c(rows, k.name)));
  const forms = valueForms(m);
  return project(rows, [
    ...key,
    as('value', forms.value),
    as('number_value', forms.number),
    as('text_value', forms.text),
  ]);
}

/** Whether a trait of this reducer holds numbers only, and whether no row of it reads as 0. */
export function traitShape(reducer: Reducer): { readonly numeric: boolean; readonly zero: boolean } {
  const zero = isCounting(reducer.fn);
  const ranged = (reducer.fn === 'min' || reducer.fn === 'max') && reducer.as !== 'string';
  return { numeric: zero || ranged || reducer.fn === 'sum' || reducer.fn === 'avg', zero };
}

function stored(m: Measure): Expr {
  switch (m.reducer.fn) {
    case 'count':
      return bool(true);
    case 'unique_count':
    case 'periods':
      return call('gt', col(m.column, 'int'), int(0));
    default:
      return call('is_not_null', measured(m));
  }
}

/** Event rows prove their profiles exist, so only being known is left to ask. */
function inRange(rows: Relation, m: Measure, context: LowerContext): Relation {
  const key = context.provider.key.map((k) => k.name);
  if (!ofEvents(m)) return semiJoin(rows, everyone(context, key), key);
  return context.includeAnonymous ? rows : context.provider.keepKnown(rows);
}

const measured = (m: Measure): Expr => {
  const { fn } = m.reducer;
  if (fn === 'first' || fn === 'last' || fn === 'unique') return col(m.column, 'json');
  if (traitShape(m.reducer).numeric) return col(m.column, traitShape(m.reducer).zero ? 'int' : 'number');
  return col(m.column, 'text');
};

function valueForms(m: Measure): { readonly value: Expr; readonly number: Expr; readonly text: Expr } {
  const value = measured(m);
  switch (m.reducer.fn) {
    case 'first':
    case 'last':
      return jsonForms(value);
    case 'unique': {
      const dumped = call('json_dump', value);
      return { value: dumped, number: nul('number'), text: dumped };
    }
    default: {
      if (!traitShape(m.reducer).numeric) {
        return { value: call('json_dump', call('text_json', value)), number: nul('number'), text: value };
      }
      const shown = call('number_text', value);
      return { value: shown, number: { kind: 'cast', expr: value, type: 'number' }, text: shown };
    }
  }
}

/** `first` and `last` keep the value's type (SEMANTICS §10); numbers are written without needless zeros. */
export function jsonForms(value: Expr): { readonly value: Expr; readonly number: Expr; readonly text: Expr } {
  const dumped = call('json_dump', value);
  const isString = call('starts_with', dumped, text('"'));
  const root = path([]);
  return {
    value: caseWhen([{ when: isString, then: dumped }], call('json_text', value, root)),
    number: caseWhen([{ when: isString, then: nul('number') }], call('json_number', value, root)),
    text: call('json_text', value, root),
  };
}
