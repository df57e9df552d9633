/** Raw sources for a SELECT that stands alone: each message once, each event given to its profile. */
import { columnsOf, type BoundSource, type BoundTable, type RowsOf } from '../bind/index.js';
import type { BoundEntity } from '../bind/entity.js';
import { firstLandings, messageExprs, repeatedIds } from '../bind/rows.js';
import { ForgottenPeople } from './forgotten.js';
import type { Remembered } from './remembered.js';
import { slug } from '../../models/key.js';
import type { Needs, ValueColumn } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  extend,
  filter,
  join,
  label,
  nul,
  or,
  param,
  pick,
  project,
  semiJoin,
  stable,
  text,
  union,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { walkExpr } from '../ir/walk.js';
import { rewrite } from '../rewrite/index.js';

const AS_OF = param('as_of', 'timestamp');

/**
 * Reads the raw tables of all sources of a project. What many parts use and is small (repeated ids, first
 * users) is made once for all definitions and is one CTE of each that needs it; rows of a table are read anew
 * for each use, so that an engine can push filters down to them.
 */
export class RawSources {
  private readonly forgotten: ForgottenPeople | undefined;
  private readonly repeated = new Map<BoundTable, Relation>();
  private readonly repeatedEntities = new Map<BoundEntity, Relation>();
  private readonly winners = new Map<BoundTable, Relation>();
  readonly tables: readonly { readonly source: BoundSource; readonly table: BoundTable }[];
  /** Whether any source has anonymous ids: only then is there anything to resolve. */
  readonly hasAnonymous: boolean;
  readonly key: readonly Column[];
  private linksRelation: Relation | undefined;
  private universeRelation: Relation | undefined;
  private readonly names = new Set<string>();
  private readonly eventRows = new Map<string, Relation | undefined>();

  constructor(
    readonly sources: readonly BoundSource[],
    private readonly needs: Needs,
    remembered: Pick<Remembered, 'schema' | 'forgotten'>,
  ) {
    this.forgotten =
      remembered.forgotten && new ForgottenPeople(remembered.schema, remembered.forgotten, this);
    const events = needs.events.map((e) => e.event);
    this.tables = sources.flatMap((source) => source.tables(events).map((table) => ({ source, table })));
    this.hasAnonymous = this.tables.some(
      ({ source, table }) => messageExprs(source, table, table.raw)('anonymous_id').kind !== 'null',
    );
    const anonymous: readonly Column[] = this.hasAnonymous ? [{ name: 'anonymous', type: 'bool' }] : [];
    this.key = [{ name: 'profile_id', type: 'text' }, ...anonymous];
  }

  /** What `make` makes of a source's rows, each message counted once. */
  read(source: BoundSource, make: (rows?: RowsOf) => Relation | undefined): Relation | undefined {
    const once = make((table) => this.once(source, table));
    const again = make((table) => this.firstOfRepeated(source, table));
    return once && again && union([once, again]);
  }

  /** Every message that exists at `as_of`, of which `keep` says what is wanted, with the columns named. */
  messages(keep: (rows: Relation) => Expr, columns: readonly string[]): Relation {
    const parts = this.tables.map(({ source, table }) => {
      const made = this.read(source, (rowsOf) => {
        const rows = source.messages(table, rowsOf);
        return pick(filter(rows, and(call('le', c(rows, 'timestamp'), AS_OF), keep(rows))), columns);
      });
      if (!made) throw new CompilerBug('a table without messages');
      return made;
    });
    return union(parts);
  }

  /**
   * Adds the profile key in front of rows with `user_id` and `anonymous_id`; rows with neither are of no one.
   * A user's message is that user's; an anonymous id is of the first user it was seen with (SEMANTICS §9).
   */
  assigned(all: Relation, kept: readonly string[]): Relation {
    const rows = this.forgotten ? this.forgotten.living(all) : all;
    const columns = (from: Relation): ReturnType<typeof as>[] => kept.map((name) => as(name, c(from, name)));
    const user = c(rows, 'user_id');
    if (!this.hasAnonymous) {
      return project(filter(rows, call('is_not_null', user)), [as('profile_id', user), ...columns(rows)]);
    }
    const anonymous = c(rows, 'anonymous_id');
    const somebody = filter(rows, or(call('is_not_null', user), call('is_not_null', anonymous)));
    const joined = join('left', somebody, this.links(), [
      { left: 'anonymous_id', right: 'linked_anonymous_id' },
    ]);
    const owner = call('coalesce', c(joined, 'user_id'), c(joined, 'linked_user_id'));
    return project(joined, [
      as(
        'profile_id',
        call('coalesce', c(joined, 'user_id'), c(joined, 'linked_user_id'), c(joined, 'anonymous_id')),
      ),
      as('anonymous', call('is_null', owner)),
      ...columns(joined),
    ]);
  }

  /** The first user of each anonymous id: the least (timestamp, message id) by `as_of` (SEMANTICS §10). */
  private links(): Relation {
    if (this.linksRelation) return this.linksRelation;
    const pairs = this.messages(
      (rows) => and(call('is_not_null', c(rows, 'user_id')), call('is_not_null', c(rows, 'anonymous_id'))),
      ['anonymous_id', 'user_id', 'timestamp', 'message_id'],
    );
    const seen = this.forgotten ? this.forgotten.without(pairs, ['user_id', 'anonymous_id']) : pairs;
    // Two users at one instant under one id: the smaller, as the run's map has it.
    const order = ['timestamp', 'message_id', 'user_id'].map((name) => c(seen, name));
    const first = agg('first', [c(seen, 'user_id')], { orderBy: order });
    const links = aggregate(
      seen,
      [as('linked_anonymous_id', c(seen, 'anonymous_id'))],
      [as('linked_user_id', first)],
    );
    this.linksRelation = this.shared(links, 'first_users');
    return this.linksRelation;
  }

  /** The universe at `as_of`: key columns, each profile once (SEMANTICS §5). */
  universe(): Relation {
    this.universeRelation ??= this.shared(this.makeUniverse(), 'universe');
    return this.universeRelation;
  }

  private makeUniverse(): Relation {
    const inUniverse = (rows: Relation): Expr => c(rows, 'in_universe');
    if (!this.hasAnonymous) {
      const users = this.assigned(this.messages(inUniverse, ['user_id']), []);
      return pick(users, ['profile_id'], { distinct: true });
    }
    // An identifier counts wherever it appears, also beside another user's (SEMANTICS §5).
    const messages = this.messages(inUniverse, ['user_id', 'anonymous_id']);
    const counted = this.forgotten ? this.forgotten.without(messages, ['user_id']) : messages;
    const seen = label(pick(counted, ['user_id', 'anonymous_id'], { distinct: true }), 'identifiers');
    const users = project(seen, [as('user_id', c(seen, 'user_id')), as('anonymous_id', nul('text'))]);
    const others = project(seen, [as('user_id', nul('text')), as('anonymous_id', c(seen, 'anonymous_id'))]);
    const profiles = this.assigned(union([users, others]), []);
    return pick(profiles, ['profile_id', 'anonymous'], { distinct: true });
  }

  /** Identify messages by `as_of`, with mentions, and the source they came from (`origin`). */
  identifies(columns: readonly ValueColumn[]): readonly Relation[] {
    return this.calls((source, rowsOf) => source.identifies(columns, rowsOf));
  }

  /** Group calls by `as_of`, with mentions, and the source they came from (`origin`). */
  groups(columns: readonly ValueColumn[]): readonly Relation[] {
    return this.calls((source, rowsOf) => source.groups(columns, rowsOf));
  }

  private calls(of: (source: BoundSource, rows?: RowsOf) => Relation | undefined): readonly Relation[] {
    return this.sources.flatMap((source) => {
      const rows = this.read(source, (rowsOf) => of(source, rowsOf));
      if (!rows) return [];
      const past = filter(rows, call('le', c(rows, 'timestamp'), AS_OF));
      return [extend(past, [as('origin', text(source.name))])];
    });
  }

  /**
   * Events of one name from one source, each message counted once: one CTE of the name given. Whatever definition
   * asks for the same ones under the same name gets the same relation.
   */
  events(
    source: BoundSource,
    event: string,
    columns: readonly ValueColumn[],
    kept: readonly string[],
    name: string,
  ): Relation | undefined {
    const key = JSON.stringify([source.name, event, name, kept]);
    if (!this.eventRows.has(key)) {
      const rows = this.read(source, (rowsOf) => {
        const found = source.events(event, columns, rowsOf);
        return found && pick(found, kept);
      });
      this.eventRows.set(key, rows && stable(rewrite(rows), name));
    }
    return this.eventRows.get(key);
  }

  /** Rows of the ids that landed once. */
  private once(source: BoundSource, table: BoundTable): Relation {
    const id = this.idColumn(source, table);
    const rows = filter(table.raw, call('is_not_null', c(table.raw, id)));
    return antiJoin(rows, this.repeatedOf(source, table), [{ left: id, right: id }]);
  }

  /** The first landing of each id that landed several times: few rows, so they are compared in full. */
  private firstOfRepeated(source: BoundSource, table: BoundTable): Relation {
    const found = this.winners.get(table);
    if (found) return found;
    const id = this.idColumn(source, table);
    const rows = semiJoin(table.raw, this.repeatedOf(source, table), [{ left: id, right: id }]);
    const columns = columnsOf(source, table, this.needs);
    const winners = this.shared(
      firstLandings(source, table, rows, columns),
      `${nameOf(source, table)} first landings`,
    );
    this.winners.set(table, winners);
    return winners;
  }

  /** Ids in more than one row. */
  private repeatedOf(source: BoundSource, table: BoundTable): Relation {
    const found = this.repeated.get(table);
    if (found) return found;
    const id = this.idColumn(source, table);
    const ids = this.shared(
      repeatedIds(table.raw, id, messageExprs(source, table, table.raw)('message_id')),
      `${nameOf(source, table)} repeated ids`,
    );
    this.repeated.set(table, ids);
    return ids;
  }

  /** Ids that several rows of an entity have. */
  repeatedRows(entity: BoundEntity): Relation {
    const found = this.repeatedEntities.get(entity);
    if (found) return found;
    const ids = this.shared(entity.repeatedIds(), `${entity.config.name} repeated ids`);
    this.repeatedEntities.set(entity, ids);
    return ids;
  }

  /** Makes a relation one CTE of a name of its own, in whatever definition uses it. */
  shared(relation: Relation, wanted: string): Relation {
    let name = slug(wanted);
    for (let n = 2; this.names.has(name); n++) name = `${slug(wanted)}_${n}`;
    this.names.add(name);
    return stable(rewrite(relation), name);
  }

  /** The physical column that holds the message id. */
  private idColumn(source: BoundSource, table: BoundTable): string {
    for (const e of walkExpr(messageExprs(source, table, table.raw)('message_id')))
      if (e.kind === 'col') return e.name;
    throw new CompilerBug(`${source.name} has no id column`);
  }
}

const nameOf = (source: BoundSource, table: BoundTable): string =>
  table.stream === undefined ? source.name : `${source.name} ${table.table.name}`;
