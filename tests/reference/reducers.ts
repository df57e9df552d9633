/**
 * From the events that matched to one value (SEMANTICS §2 Reducers, §10 Numbers and Texts).
 */
import { Decimal, divideHalfAway, inRange } from './decimal.js';
import type { KnownMessage } from './messages.js';
import {
  REDUCER_NAMES,
  type EntityStream,
  type EventStream,
  type ReducerArguments,
  type ReducerName,
} from './model.js';
import { readPath } from './paths.js';
import { parseDuration, type Micros } from './time.js';
import { compareNumbers, compareTexts, isPresent, numberOf, textOf, type Value } from './values.js';

/** The reducer a stream names, with its arguments; `undefined` where it names none. */
export function reducerOf(
  stream: EventStream | EntityStream,
): { name: ReducerName; args: ReducerArguments } | undefined {
  const given = REDUCER_NAMES.filter((name) => Object.hasOwn(stream, name));
  if (given.length > 1) throw new Error(`more than one reducer: ${given.join(', ')}`);
  const [name] = given;
  const args = name === undefined ? undefined : stream[name];
  return name === undefined || args === undefined ? undefined : { name, args };
}

/** Whether a reducer counts: where nothing matches it is 0, not missing, and a 0 is not stored. */
export function isCounting(name: ReducerName): boolean {
  return name === 'count' || name === 'unique_count' || name === 'periods';
}

/** A reducer's value over events given first to last; `undefined` where it is missing. */
export function reduce(
  events: readonly KnownMessage[],
  name: ReducerName,
  args: ReducerArguments,
  asOf: Micros,
): Value {
  if (name === 'count') return Decimal.ofInteger(events.length);
  if (name === 'periods') return Decimal.ofInteger(periods(events, args, asOf));

  const { property } = args;
  if (property === undefined) throw new Error(`${name} needs a property`);
  // Events are in order and so are the elements a `$` path contributes: values are first to last.
  return reduceValues(
    events.flatMap((event) => readPath(event.properties, property)),
    name,
    args,
  );
}

/** A reducer's value over the values of a property, first to last. */
export function reduceValues(all: readonly Value[], name: ReducerName, args: ReducerArguments): Value {
  const values = all.filter(isPresent);
  const texts = values.flatMap((value) => textOf(value) ?? []);
  const numbers = values.flatMap((value) => numberOf(value) ?? []);
  switch (name) {
    case 'sum':
      return numbers.length === 0 ? undefined : decimal(sum(numbers));
    case 'avg':
      return numbers.length === 0 ? undefined : decimal(divideHalfAway(sum(numbers), BigInt(numbers.length)));
    case 'min':
      return args.as === 'string' ? [...texts].sort(compareTexts)[0] : smallestNumber(numbers);
    case 'max':
      return args.as === 'string' ? [...texts].sort(compareTexts).at(-1) : largestNumber(numbers);
    case 'mode':
      return mostFrequent(texts, args.min_frequency ?? 2);
    case 'first':
      return values[0];
    case 'last':
      return values.at(-1);
    case 'unique': {
      const distinct = [...new Set(texts)].sort(compareTexts);
      return distinct.length === 0 ? undefined : distinct;
    }
    case 'unique_count':
      return Decimal.ofInteger(new Set(texts).size);
    case 'count':
    case 'periods':
      throw new Error(`${name} is of no values`);
  }
}

/** How many periods hold an event: period i is after `as_of − (i + 1)·every`, and up to `as_of − i·every`. */
function periods(events: readonly KnownMessage[], { every, of }: ReducerArguments, asOf: Micros): number {
  if (every === undefined) throw new Error('periods need a length');
  const length = parseDuration(every);
  const seen = new Set(events.map(({ timestamp }) => (asOf - timestamp) / length));
  return [...seen].filter((period) => of === undefined || period < BigInt(of)).length;
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((total, number) => total + number, 0n);
}

function decimal(scaled: bigint | undefined): Decimal | undefined {
  const value = scaled === undefined ? undefined : inRange(scaled);
  return value === undefined ? undefined : new Decimal(value);
}

function smallestNumber(numbers: readonly bigint[]): Decimal | undefined {
  return decimal([...numbers].sort(compareNumbers)[0]);
}

function largestNumber(numbers: readonly bigint[]): Decimal | undefined {
  return decimal([...numbers].sort(compareNumbers).at(-1));
}

/** The most frequent text, seen at least `minFrequency` times; of equally frequent ones the smallest. */
function mostFrequent(texts: readonly string[], minFrequency: number): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [best] = [...counts]
    .filter(([, count]) => count >= minFrequency)
    .sort(([textA, countA], [textB, countB]) => countB - countA || compareTexts(textA, textB));
  return best?.[0];
}
