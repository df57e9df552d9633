/** Raw sources for a SELECT that stands alone: each message once, each event given to its profile. */
import type { BoundSource, BoundTable, RowsOf } from '../bind/index.js';
import { firstLandings, columnsRead, messageExprs } from '../bind/rows.js';
import {
  aggregate, agg, and, antiJoin, as, c, call, caseWhen, col, filter, int, join, label, nul, or, param, pick, project,
  semiJoin, union,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';

const AS_OF = param('as_of', 'timestamp');
const HASH = 'message_hash';

/**
 * Reads the raw tables of all sources. Relations that several parts use are made once, so that they become one
 * CTE; rows of a table are made anew for each use, so that an engine can push filters down into it.
 */
export class RawSources {
  private readonly repeated = new Map<BoundTable, Relation>();
  private readonly tables: readonly { readonly source: BoundSource; readonly table: BoundTable }[];
  /** Whether any source has anonymous ids: only then is there anything to resolve. */
  readonly hasAnonymous: boolean;
  readonly key: readonly Column[];
  private linksRelation: Relation | undefined;

  constructor(
    readonly sources: readonly BoundSource[],
    events: readonly string[],
  ) {
    this.tables = sources.flatMap((source) => source.tables(events).map((table) => ({ source, table })));
    this.hasAnonymous = this.tables.some(
      ({ source, table }) => messageExprs(source, table, table.raw)('anonymous_id').kind !== 'null',
    );
    const anonymous: readonly Column[] = this.hasAnonymous ? [{ name: 'anonymous', type: 'bool' }] : [];
    this.key = [{ name: 'profile_id', type: 'text' }, ...anonymous];
  }

  /** Every message that exists at `as_of`: MESSAGE_COLUMNS. */
  messages(): readonly Relation[] {
    return this.tables.map(({ source, table }) => {
      const rows = source.messages(table, (asked) => this.once(source, asked, (rowsOf) => [source.messages(table, rowsOf)]));
      return filter(rows, call('le', c(rows, 'timestamp'), AS_OF));
    });
  }

  /** Rows of one source's relation, each message counted once. */
  read(source: BoundSource, make: (rows?: RowsOf) => Relation | undefined): Relation | undefined {
    return make((table) => this.once(source, table, () => [make()]));
  }

  /**
   * Adds the profile key in front of rows with `user_id` and `anonymous_id`; rows with neither are of no one.
   * A user's message is that user's; an anonymous id is of the first user it was seen with (SEMANTICS §9).
   */
  assigned(rows: Relation, kept: readonly string[]): Relation {
    const columns = (from: Relation): ReturnType<typeof as>[] => kept.map((name) => as(name, c(from, name)));
    if (!this.hasAnonymous) {
      return project(filter(rows, call('is_not_null', c(rows, 'user_id'))), [as('profile_id', c(rows, 'user_id')), ...columns(rows)]);
    }
    const user = c(rows, 'user_id');
    const stray = caseWhen([{ when: call('is_null', user), then: c(rows, 'anonymous_id') }]);
    const somebody = filter(rows, or(call('is_not_null', user), call('is_not_null', c(rows, 'anonymous_id'))));
    const asking = project(somebody, [
      as('user_id', user),
      as('anonymous_id', c(rows, 'anonymous_id')),
      as('stray_id', stray),
      ...columns(rows),
    ]);
    const joined = join('left', asking, this.links(), [{ left: 'stray_id', right: 'linked_anonymous_id' }]);
    const owner = call('coalesce', c(joined, 'user_id'), c(joined, 'linked_user_id'));
    return project(joined, [
      as('profile_id', call('coalesce', owner, c(joined, 'anonymous_id'))),
      as('anonymous', call('is_null', owner)),
      ...columns(joined),
    ]);
  }

  /** The first user of each anonymous id: the least (timestamp, message id) by `as_of` (SEMANTICS §10). */
  private links(): Relation {
    if (this.linksRelation) return this.linksRelation;
    const seen = this.messages().map((rows) =>
      pick(filter(rows, and(call('is_not_null', c(rows, 'user_id')), call('is_not_null', c(rows, 'anonymous_id')))), [
        'anonymous_id', 'user_id', 'timestamp', 'message_id',
      ]),
    );
    const together = union(seen);
    const first = agg('first', [c(together, 'user_id')], { orderBy: [c(together, 'timestamp'), c(together, 'message_id')] });
    const links = aggregate(together, [as('linked_anonymous_id', c(together, 'anonymous_id'))], [as('linked_user_id', first)]);
    this.linksRelation = label(links, 'first_users');
    return this.linksRelation;
  }

  /** The universe at `as_of`: key columns, each profile once (SEMANTICS §5). */
  universe(): Relation {
    const identifiers = this.messages().map((rows) =>
      pick(filter(rows, c(rows, 'in_universe')), ['user_id', 'anonymous_id'], { distinct: true }),
    );
    const seen = union(identifiers);
    const alone = (name: 'user_id' | 'anonymous_id'): Relation =>
      project(filter(seen, call('is_not_null', c(seen, name))), [
        as('user_id', name === 'user_id' ? c(seen, name) : nul('text')),
        as('anonymous_id', name === 'anonymous_id' ? c(seen, name) : nul('text')),
      ]);
    if (!this.hasAnonymous) return label(pick(this.assigned(alone('user_id'), []), ['profile_id'], { distinct: true }), 'universe');
    const each = union([alone('user_id'), alone('anonymous_id')]);
    return label(pick(this.assigned(each, []), ['profile_id', 'anonymous'], { distinct: true }), 'universe');
  }

  /** Anonymous profiles that are known all the same: by an email of any identify, or by a device. */
  knownAnonymous(emails: Relation): Relation {
    const devices = this.messages().map((rows) => {
      const kept = filter(rows, c(rows, 'has_device'));
      return pick(kept, ['user_id', 'anonymous_id']);
    });
    const by = union([pick(emails, ['user_id', 'anonymous_id']), ...devices]);
    const assigned = this.assigned(by, []);
    const rows = filter(assigned, c(assigned, 'anonymous'));
    return label(pick(rows, ['profile_id', 'anonymous'], { distinct: true }), 'known_anonymous');
  }

  /** A table's rows, each message once: ids seen once as they are, the others' first landings. */
  private once(source: BoundSource, table: BoundTable, uses: (rows: RowsOf) => readonly (Relation | undefined)[]): Relation {
    const message = messageExprs(source, table, table.raw);
    const used = uses((asked) => asked.raw).flatMap((r) => r ?? []);
    const columns = [...new Set([...columnsRead(table, [...used, source.messages(table)])])];
    const hash = call('hash64', message('message_id'));
    const keyed = filter(
      project(table.raw, [...columns.map((name) => as(name, c(table.raw, name))), as(HASH, hash)]),
      call('is_not_null', col(HASH, 'int')),
    );
    const repeated = this.repeatedHashes(source, table, hash);
    const once = pick(antiJoin(keyed, repeated, [HASH]), columns);
    const again = firstLandings(source, table, semiJoin(keyed, repeated, [HASH]), columns);
    return union([once, again]);
  }

  private repeatedHashes(source: BoundSource, table: BoundTable, hash: Expr): Relation {
    const found = this.repeated.get(table);
    if (found) return found;
    const repeated = label(
      aggregate(table.raw, [as(HASH, hash)], [], call('gt', agg('count'), int(1))),
      `${source.name} repeated ids`,
    );
    this.repeated.set(table, repeated);
    return repeated;
  }
}

