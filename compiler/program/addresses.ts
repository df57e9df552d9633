/**
 * Addresses that people are reached by where no id of ours is known: emails and phones that identify messages said of them. Each is
 * one profile's: a user's before an anonymous one's, and of several the one that said it first. They are kept where a destination asks
 * for them, and from then on, so that whoever was told by one is told the end.
 */
import { withEmail, type BoundSource } from '../bind/index.js';
import { TIES } from '../bind/mentions.js';
import { mentionOf } from '../bind/paths.js';
import type { Needs } from '../bind/types.js';
import { ADDRESS_TYPES, type AddressType } from '../../models/definition.js';
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  path,
  pick,
  project,
  rowNumber,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { scanSpec } from './names.js';
import { mentions } from './profiles.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, type StateSchema } from './state.js';
import type { Step, StepOp, TableSpec } from './types.js';

/** What addresses are kept in. */
export const ADDRESSES = 'addresses';

const COLUMNS: readonly Column[] = [
  ...IDENTIFIER_COLUMNS,
  { name: 'profile_no', type: 'int' },
  { name: 'first_at', type: 'timestamp' },
  { name: 'first_id', type: 'text' },
];

const TYPE: Column = { name: 'identifier_type', type: 'text' };

const addresses = (schema: StateSchema): TableSpec => ({ table: schema.ref(ADDRESSES), columns: COLUMNS });

/**
 * Finds the addresses of everyone, of identify messages up to `as_of`. Those of a type that is not landed any more stay as they are.
 *
 * @param kept whether there are addresses of the run before
 */
export function addressSteps(
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
  kept: boolean,
): readonly Step[] {
  const traits = new Set(withEmail(needs.traits).map(({ name }) => name));
  const landed = ADDRESS_TYPES.filter((type) => traits.has(mentionOf(type).name));
  const said = mentions(schema, sources, needs, landed.map(mentionOf));
  const query = owned(schema, union(landed.map((type) => saidAs(said, type))));
  const spec = addresses(schema);
  const make = (id: string, op: StepOp): Step => ({ id: `shared.${id}`, title: 'emails and phones', ...op });
  if (!kept || landed.length === ADDRESS_TYPES.length)
    return [make('addresses', { op: 'replace', spec, query })];
  return [
    make('addresses.forget', {
      op: 'delete',
      table: spec.table,
      query: values(
        [TYPE],
        landed.map((type) => [text(type)]),
      ),
      keys: [TYPE.name],
    }),
    make('addresses', { op: 'append', table: spec.table, query }),
  ];
}

/** (identifier_type, identifier, profile_no, first_at, first_id): each address of a type once a profile. */
function saidAs(said: Relation, type: AddressType): Relation {
  const column = mentionOf(type).name;
  const named = project(said, [
    ...['profile_no', 'timestamp', ...TIES].map((name) => as(name, c(said, name))),
    as('identifier', addressOf(c(said, column), type)),
  ]);
  const rows = filter(named, isAddress(c(named, 'identifier'), type));
  const order = ['timestamp', ...TIES].map((name) => c(rows, name));
  return aggregate(
    rows,
    [
      as('identifier_type', text(type)),
      ...['identifier', 'profile_no'].map((name) => as(name, c(rows, name))),
    ],
    [
      as('first_at', agg('min', [c(rows, 'timestamp')])),
      as('first_id', agg('first', [c(rows, 'message_id')], { orderBy: order })),
    ],
  );
}

/** Emails are the same in any case. */
function addressOf(said: Expr, type: AddressType): Expr {
  const value = call('json_text', said, path([]));
  return type === 'email' ? call('lower', value) : value;
}

/** What has no `@` is no email: many people would share "none" or "n/a". */
const isAddress = (value: Expr, type: AddressType): Expr =>
  and(
    call('is_not_null', value),
    type === 'email' ? call('contains', value, text('@')) : call('ne', value, text('')),
  );

/** Of each address the row of the profile it belongs to. */
function owned(schema: StateSchema, rows: Relation): Relation {
  const profiles = pick(schema.scan('profiles'), ['profile_no', 'profile_kind', 'profile_id']);
  const beside = join('inner', rows, profiles, ['profile_no']);
  const ranked = rowNumber(beside, {
    partitionBy: IDENTIFIER.map((name) => c(beside, name)),
    orderBy: [
      { expr: c(beside, 'profile_kind'), desc: true },
      ...['first_at', 'first_id', 'profile_id'].map((name) => ({ expr: c(beside, name) })),
    ],
    as: 'nth',
  });
  return pick(
    filter(ranked, eq(c(ranked, 'nth'), int(1))),
    COLUMNS.map(({ name }) => name),
  );
}

/**
 * (identifier_type, identifier, profile_no, first_at, first_id) of what people are told by, and accounts.
 *
 * @param reached whether addresses are kept
 */
export function identifiers(schema: StateSchema, reached: boolean): Relation {
  const columns = COLUMNS.map(({ name }) => name);
  const subjects = pick(schema.scan('subjects'), columns);
  return reached ? union([subjects, scanSpec(addresses(schema))]) : subjects;
}

/** The addresses of profiles. */
export const addressesOf = (schema: StateSchema): Relation => scanSpec(addresses(schema));
