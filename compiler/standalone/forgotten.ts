/** People who were forgotten, for a SELECT over raw sources: they are in the raw rows still, and their hashes in state. */
import type { BoundSource, BoundTable } from '../bind/index.js';
import {
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  extend,
  filter,
  hasColumn,
  pick,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { forgottenHashes, hashedIdentifier, type Forgotten } from '../program/forgotten.js';
import { StateSchema } from '../program/state.js';

type IdentifierType = 'user_id' | 'anonymous_id';

/** What it needs of `RawSources`. */
interface Raw {
  readonly tables: readonly { readonly source: BoundSource; readonly table: BoundTable }[];
  shared(relation: Relation, wanted: string): Relation;
}

const ALONE = 'alone_id';

export class ForgottenPeople {
  private readonly made = new Map<IdentifierType, Relation>();
  private readonly state: StateSchema;

  constructor(
    schema: string,
    private readonly forgotten: Forgotten,
    private readonly raw: Raw,
  ) {
    this.state = new StateSchema(schema);
  }

  /** Rows with `user_id`, and perhaps `anonymous_id`, that are somebody's who was not forgotten, or nobody's. */
  living(rows: Relation): Relation {
    const others = this.without(rows, ['user_id']);
    if (!hasColumn(rows, 'anonymous_id')) return others;
    const isAlone = call('is_null', c(others, 'user_id'));
    const alone = extend(others, [as(ALONE, caseWhen([{ when: isAlone, then: c(others, 'anonymous_id') }]))]);
    const kept = antiJoin(alone, this.identifiers('anonymous_id'), [
      { left: ALONE, right: 'forgotten_anonymous_id' },
    ]);
    return pick(
      kept,
      rows.columns.map(({ name }) => name),
    );
  }

  /** Rows that name nobody who was forgotten in these columns. */
  without(rows: Relation, types: readonly IdentifierType[]): Relation {
    return types.reduce(
      (left, type) => antiJoin(left, this.identifiers(type), [{ left: type, right: `forgotten_${type}` }]),
      rows,
    );
  }

  /** The identifiers themselves, as raw rows have them: few, so that rows need not be hashed wherever they are read. */
  private identifiers(type: IdentifierType): Relation {
    const known = this.made.get(type);
    if (known) return known;
    const all = union(this.raw.tables.map(({ source, table }) => pick(source.messages(table), [type])));
    const seen = pick(filter(all, call('is_not_null', c(all, type))), [type], { distinct: true });
    const hash = hashedIdentifier(this.forgotten, text(type), c(seen, type));
    const hashed = extend(seen, [as('identifier_hash', hash)]);
    const theirs = semiJoin(hashed, forgottenHashes(this.state), [
      { left: 'identifier_hash', right: 'forgotten_hash' },
    ]);
    const made = this.raw.shared(pick(theirs, [[type, `forgotten_${type}`]]), `forgotten ${type}s`);
    this.made.set(type, made);
    return made;
  }
}
