/**
 * A small data graph, its rows, and conditions on it: orders of users and of visitors, their items, the products those
 * are of. Ids repeat and are null, rows belong to nobody, cells are missing; few values, so that rows often relate.
 */
import fc from 'fast-check';

import type {
  Comparison,
  Condition,
  Definition,
  EntityConfig,
  EntityStream,
  Json,
  Predicate,
  ReducerArguments,
  ReducerName,
} from '../reference/model.js';
import type { PlainTable } from '../support/land-tables.js';
import {
  countComparison,
  dateComparison,
  existence,
  numberComparison,
  referenceComparison,
  textComparison,
} from './comparisons.js';
import { condition } from './definitions.js';
import { ANONYMOUS_IDS, NUMBER_TRAITS, NUMBERS, NUMERIC_TEXTS, TEXT_TRAITS, TEXTS, USERS } from './domain.js';
import { tree } from './predicates.js';
import { linked, REFERENCE_PREFIX } from './references.js';

export const ENTITIES: Record<string, EntityConfig> = {
  orders: {
    table: 'shop.orders',
    id: 'id',
    profile: { user_id: 'who', anonymous_id: 'visitor' },
    relations: { 'it"ems': { id: 'order' } },
  },
  'it"ems': { table: 'shop.items', id: 'id', columns: { amount: 'how many' } },
  products: { table: 'shop.products', id: 'sku', relations: { 'it"ems': { sku: 'sku' } } },
};

const COLUMNS = {
  'shop.orders': {
    id: 'int',
    who: 'text',
    visitor: 'text',
    total: 'decimal',
    note: 'text',
    day: 'timestamp',
    meta: 'json',
  },
  'shop.items': { id: 'text', order: 'text', sku: 'text', price: 'text', 'how many': 'int' },
  'shop.products': { sku: 'text', kind: 'text', cost: 'float' },
} as const;

const maybe = <T extends Json>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
const texts = fc.constantFrom(...TEXTS, ...NUMERIC_TEXTS);
const moments = fc.constantFrom(
  '2024-02-29T23:59:59.999999Z',
  '2024-03-01T00:00:00Z',
  '2024-02-23T00:00:00Z',
  '2023-01-01T00:00:00Z',
);
const CELLS: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  'shop.orders.id': maybe(fc.integer({ min: 1, max: 6 })),
  'shop.orders.who': maybe(fc.constantFrom(...USERS, 'nobody', '')),
  'shop.orders.visitor': maybe(fc.constantFrom(...ANONYMOUS_IDS, '')),
  'shop.orders.total': maybe(fc.constantFrom(0, 1, 1.5, 2, 10, 100)),
  'shop.orders.note': maybe(texts),
  'shop.orders.day': maybe(moments),
  'shop.orders.meta': maybe(
    fc.constantFrom<Json>({ city: 'Berlin', tags: ['a', 'b'] }, { city: 1.5, tags: [1, null] }, [1], 'a'),
  ),
  'shop.items.id': maybe(fc.constantFrom('i1', 'i2', 'i3', 'i4', "i'5")),
  'shop.items.order': maybe(fc.constantFrom('1', '2', '3', '4', 'x')),
  'shop.items.sku': maybe(fc.constantFrom('a', 'b', 'c')),
  'shop.items.price': maybe(texts),
  'shop.items.how many': maybe(fc.integer({ min: 0, max: 3 })),
  'shop.products.sku': maybe(fc.constantFrom('a', 'b', 'c')),
  'shop.products.kind': maybe(fc.constantFrom(...TEXTS)),
  'shop.products.cost': maybe(fc.constantFrom(...NUMBERS.filter((n) => Math.abs(n) >= 0.1))),
};

/** Rows of every table. */
export function entityTables(): fc.Arbitrary<Record<string, PlainTable>> {
  const tables = Object.entries(COLUMNS).map(([name, columns]) => {
    const row = fc.record(
      Object.fromEntries(
        Object.keys(columns).map((column) => [column, CELLS[`${name}.${column}`] ?? fc.constant(null)]),
      ),
      { noNullPrototype: true },
    );
    return fc.array(row, { maxLength: 8 }).map((rows): [string, PlainTable] => [name, { columns, rows }]);
  });
  return fc.tuple(...tables).map((made) => Object.fromEntries(made));
}

interface Kind {
  readonly entity: string;
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly dates: readonly string[];
  readonly inside: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  orders: {
    entity: 'orders',
    numbers: ['total', 'id', 'meta.city'],
    texts: ['note', 'meta.tags.$', 'meta.city'],
    dates: ['day'],
    inside: ['it"ems'],
  },
  'it"ems': {
    entity: 'it"ems',
    numbers: ['price', 'amount', 'how many'],
    texts: ['sku', 'price'],
    dates: ['price'],
    inside: ['products', 'orders'],
  },
  products: {
    entity: 'products',
    numbers: ['cost'],
    texts: ['kind', 'sku'],
    dates: ['kind'],
    inside: ['it"ems'],
  },
};

const kindOf = (entity: string): Kind =>
  KINDS[entity] ?? { entity, numbers: [], texts: [], dates: [], inside: [] };
const anyOf = ({ numbers, texts: plain }: Kind): readonly string[] => [...numbers, ...plain];
const traits = fc
  .constantFrom(...NUMBER_TRAITS, ...TEXT_TRAITS, `${REFERENCE_PREFIX}0`, `${REFERENCE_PREFIX}1`)
  .map((trait) => ({ trait }));

/** Rows of an entity that satisfy something, others inside, up to `depth` levels. */
function rows(kind: Kind, outer: Kind | undefined, depth: number): fc.Arbitrary<EntityStream> {
  const where = fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 3,
      arbitrary: tree<Predicate>(leaf(kind, outer, depth), 1).map((predicate) => ({ where: predicate })),
    },
  );
  return where.map((over): EntityStream => ({ entity: kind.entity, ...over }));
}

function leaf(kind: Kind, outer: Kind | undefined, depth: number): fc.Arbitrary<Predicate> {
  const property = (
    paths: readonly string[],
    comparison: fc.Arbitrary<Comparison>,
  ): fc.Arbitrary<Predicate> =>
    fc
      .tuple(fc.constantFrom(...paths), comparison)
      .map(([path, compare]) => ({ property: path, ...compare }));
  const own = fc.constantFrom(...anyOf(kind)).map((path) => ({ property: path }));
  const parents =
    outer && fc.constantFrom(...anyOf(outer)).map((path) => ({ property: path, of: 'parent' as const }));
  const nested = fc
    .constantFrom(...kind.inside)
    .chain((entity) =>
      fc.tuple(rows(kindOf(entity), kind, depth - 1), fc.oneof(fc.constant({}), reduced(kindOf(entity)))),
    )
    .map(([stream, reducer]): Predicate => ({ ...stream, ...reducer }));
  return fc.oneof(
    { weight: 3, arbitrary: property(kind.numbers, fc.oneof(numberComparison(), existence())) },
    { weight: 2, arbitrary: property(kind.texts, textComparison()) },
    { weight: 1, arbitrary: property(kind.dates, dateComparison()) },
    { weight: 1, arbitrary: property(anyOf(kind), referenceComparison(own)) },
    { weight: 1, arbitrary: property(anyOf(kind), referenceComparison(traits)) },
    {
      weight: 1,
      arbitrary: fc.tuple(traits, numberComparison()).map(([trait, compare]) => ({ ...trait, ...compare })),
    },
    { weight: 1, arbitrary: fc.nat(3).map((n): Predicate => ({ audience: `${REFERENCE_PREFIX}${n}` })) },
    ...(parents ? [{ weight: 2, arbitrary: property(anyOf(kind), referenceComparison(parents)) }] : []),
    ...(depth > 1 ? [{ weight: 4, arbitrary: nested }] : []),
  );
}

const REDUCERS: readonly ReducerName[] = ['sum', 'avg', 'min', 'max', 'mode', 'unique', 'unique_count'];

function bare(kind: Kind): fc.Arbitrary<readonly [ReducerName, ReducerArguments]> {
  const settings = (name: ReducerName): fc.Arbitrary<ReducerArguments> =>
    name === 'mode'
      ? fc.constantFrom({}, { min_frequency: 1 })
      : name === 'min'
        ? fc.constantFrom({}, { as: 'string' as const })
        : fc.constant({});
  const ofProperty = fc
    .constantFrom(...REDUCERS)
    .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...anyOf(kind)), settings(name)))
    .map(([name, property, set]) => [name, { property, ...set }] as const);
  return fc.oneof(fc.constant(['count', {}] as const), ofProperty);
}

function reduced(kind: Kind): fc.Arbitrary<Partial<EntityStream>> {
  return bare(kind)
    .chain(([name, args]) =>
      fc.tuple(
        fc.constant([name, args] as const),
        fc.oneof(
          {
            weight: 4,
            arbitrary:
              name === 'count' || name === 'unique_count'
                ? countComparison()
                : fc.oneof(numberComparison(), existence()),
          },
          referenceComparison(traits),
        ),
      ),
    )
    .map(([[name, args], compare]) => ({ [name]: { ...args, ...compare } }));
}

/** One to three definitions that read entities, alone or beside events and traits. */
export function entityDefinitions(): fc.Arbitrary<Definition[]> {
  const orders = kindOf('orders');
  const test = fc
    .tuple(rows(orders, undefined, 3), fc.oneof(fc.constant({}), reduced(orders)))
    .map(([stream, reducer]): Condition => ({ ...stream, ...reducer }));
  const settings = fc.record(
    { include_anonymous: fc.boolean() },
    { requiredKeys: [], noNullPrototype: true },
  );
  const audience = fc
    .tuple(
      settings,
      tree<Condition>(fc.oneof({ weight: 4, arbitrary: test }, { weight: 1, arbitrary: condition() }), 2),
    )
    .map(([set, definition]): Definition => ({ kind: 'audience', key: '', ...set, definition }));
  const trait = fc
    .tuple(settings, rows(orders, undefined, 3), bare(orders))
    .map(([set, stream, [name, args]]): Definition => ({
      kind: 'trait',
      key: '',
      ...set,
      definition: { ...stream, [name]: args },
    }));
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: audience }, trait), { minLength: 1, maxLength: 3 })
    .map(linked);
}
