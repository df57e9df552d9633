/** Accounts, their users and their custom traits over raw sources (SEMANTICS §5, "Accounts"). */
import { latestMentions } from '../bind/mentions.js';
import { GROUP_COLUMN, type ValueColumn } from '../bind/types.js';
import { label, pick, semiJoin, union, values } from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import { ACCOUNT, type AccountSide } from '../lower/index.js';
import type { RawSources } from './sources.js';

const KEY: Column = { name: 'profile_id', type: 'text' };

export class Accounts {
  private accountsRelation: Relation | undefined;
  private usersRelation: Relation | undefined;

  constructor(private readonly raw: RawSources) {}

  side(): AccountSide {
    return {
      key: KEY,
      accounts: () => {
        this.accountsRelation ??= this.raw.shared(this.makeAccounts(), 'accounts');
        return this.accountsRelation;
      },
      users: () => {
        this.usersRelation ??= this.raw.shared(this.makeUsers(), 'account users');
        return this.usersRelation;
      },
      customTraits: (columns) => this.customTraits(columns),
    };
  }

  private calls(columns: readonly ValueColumn[]): Relation {
    const parts = this.raw.groups(columns);
    const own = ['user_id', 'anonymous_id', GROUP_COLUMN.name, 'timestamp', 'message_id', 'origin'];
    const names = [...own, ...columns.map((x) => x.name)];
    if (parts.length > 0) return union(parts.map((part) => pick(part, names)));
    const json = new Set(columns.map((x) => x.name));
    const typeOf = (name: string): Column['type'] => {
      if (name === 'timestamp') return 'timestamp';
      return json.has(name) ? 'json' : 'text';
    };
    return values(
      names.map((name) => ({ name, type: typeOf(name) })),
      [],
    );
  }

  private makeAccounts(): Relation {
    const ids = pick(this.calls([]), [GROUP_COLUMN.name], { distinct: true });
    return pick(ids, [[GROUP_COLUMN.name, KEY.name], GROUP_COLUMN.name]);
  }

  /** Users of the universe only: a group call brings nobody into it. */
  private makeUsers(): Relation {
    const keys = this.raw.key.map((k) => k.name);
    const users = this.raw.assigned(this.calls([]), [GROUP_COLUMN.name]);
    const inUniverse = semiJoin(users, this.raw.universe(), keys);
    return pick(inUniverse, [...keys, [GROUP_COLUMN.name, ACCOUNT], GROUP_COLUMN.name], { distinct: true });
  }

  private customTraits(columns: readonly ValueColumn[]): Relation {
    const calls = this.calls(columns);
    const named = pick(calls, [
      [GROUP_COLUMN.name, KEY.name],
      'timestamp',
      'message_id',
      'origin',
      ...columns.map((x) => x.name),
    ]);
    return label(latestMentions(named, [KEY], columns), 'account traits');
  }
}
