import { EMAIL } from '../bind/index.js';
import type { Needs } from '../bind/types.js';
import {
  and,
  as,
  bool,
  c,
  call,
  caseWhen,
  filter,
  hasColumn,
  join,
  not,
  or,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { definite } from '../lower/compare.js';
import type { RawSources } from './sources.js';

/** Emails make anonymous profiles known, so they are always read. */
export const EMAIL_NEEDS: Needs = { events: [], traits: [EMAIL] };

/** Who there is at `as_of`, and who of them is known, over raw sources (SEMANTICS §5). */
export class Profiles {
  private knownRelation: Relation | undefined;
  private profilesRelation: Relation | undefined;

  constructor(readonly raw: RawSources) {}

  /** The universe: key columns and `known`. */
  profiles(): Relation {
    this.profilesRelation ??= this.raw.shared(this.makeProfiles(), 'profiles');
    return this.profilesRelation;
  }

  /** What they are called: key columns, `named_kind`, `named_id`. */
  names(): Relation {
    const rows = this.profiles();
    const keys = this.raw.key.map((k) => as(k.name, c(rows, k.name)));
    return project(rows, [...keys, as('named_kind', kindOf(rows)), as('named_id', c(rows, 'profile_id'))]);
  }

  /** The known ones of rows by profile key. Without anonymous ids everyone is. */
  keepKnown(rows: Relation): Relation {
    if (!this.raw.hasAnonymous) return rows;
    const joined = this.withKnown(rows);
    return pick(
      filter(joined, isKnown(joined)),
      rows.columns.map((x) => x.name),
    );
  }

  private makeProfiles(): Relation {
    const universe = this.raw.universe();
    const keys = (rows: Relation): ReturnType<typeof as>[] =>
      this.raw.key.map((k) => as(k.name, c(rows, k.name)));
    if (!this.raw.hasAnonymous) return project(universe, [...keys(universe), as('known', bool(true))]);
    const joined = this.withKnown(universe);
    return project(joined, [...keys(joined), as('known', isKnown(joined))]);
  }

  private withKnown(rows: Relation): Relation {
    return join(
      'left',
      rows,
      this.knownAnonymous(),
      this.raw.key.map((k) => k.name),
    );
  }

  /**
   * Anonymous profiles that are known all the same, by an email of any identify or by a device: key columns
   * and `is_known`, always true.
   */
  private knownAnonymous(): Relation {
    this.knownRelation ??= this.raw.shared(this.makeKnownAnonymous(), 'known_anonymous');
    return this.knownRelation;
  }

  private makeKnownAnonymous(): Relation {
    const emails = this.raw.identifies([EMAIL]).map((rows) => {
      const mention = c(rows, EMAIL.name);
      const present = filter(rows, and(call('is_not_null', mention), not(call('json_is_null', mention))));
      return pick(present, ['user_id', 'anonymous_id']);
    });
    const devices = this.raw.messages((rows) => c(rows, 'has_device'), ['user_id', 'anonymous_id']);
    const assigned = this.raw.assigned(union([...emails, devices]), []);
    const rows = filter(assigned, c(assigned, 'anonymous'));
    const keys = this.raw.key.map((k) => as(k.name, c(rows, k.name)));
    return project(rows, [...keys, as('is_known', bool(true))], { distinct: true });
  }
}

/** What kind of profile a row's key names. */
export const kindOf = (rows: Relation): Expr =>
  hasColumn(rows, 'anonymous')
    ? caseWhen([{ when: c(rows, 'anonymous'), then: text('anonymous') }], text('user'))
    : text('user');

const isKnown = (rows: Relation): Expr => or(not(c(rows, 'anonymous')), definite(c(rows, 'is_known')));
