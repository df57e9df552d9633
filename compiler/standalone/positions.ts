/** Where people stand in a journey, for a SELECT over raw sources: what the warehouse remembers, by the names of today. */
import {
  antiJoin,
  as,
  bool,
  c,
  call,
  caseWhen,
  eq,
  filter,
  hasColumn,
  join,
  nul,
  pick,
  project,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import type { Level } from '../bind/types.js';
import { exitRows, memberRows, takenOver } from '../program/positions.js';
import { StateSchema } from '../program/state.js';
import type { Remembered } from './remembered.js';
import type { RawSources } from './sources.js';

const MOVED = 'moved';

/** Answers what `Provider` asks of journeys; `of` is whose they are. */
export class Positions {
  private readonly state: StateSchema;

  constructor(
    private readonly raw: RawSources,
    private readonly remembered: Remembered,
  ) {
    this.state = new StateSchema(remembered.schema);
  }

  positions(journey: string, keys: readonly string[], of: Level): Relation {
    return this.standing(journey, keys, of, (numbers) => memberRows(this.state, numbers));
  }

  waits(journey: string, keys: readonly string[], of: Level): Relation {
    return this.standing(journey, keys, of, (numbers) =>
      union([memberRows(this.state, numbers), takenOver(this.state, numbers)]),
    );
  }

  departures(journey: string, of: Level): Relation {
    const numbers = this.numbers([journey]);
    if (numbers.length === 0)
      return values([...this.keyOf(of), { name: 'exited_at', type: 'timestamp' }], []);
    const rows = this.named(exitRows(this.state, numbers), 'exited_at', of);
    return pick(rows, [...this.keyOf(of).map(({ name }) => name), 'exited_at']);
  }

  private standing(
    journey: string,
    keys: readonly string[],
    of: Level,
    rowsOf: (numbers: readonly number[]) => Relation,
  ): Relation {
    const key = this.keyOf(of);
    const columns = [...key.map(({ name }) => name), 'entered_at'];
    const numbers = this.numbers(keys);
    if (numbers.length === 0) return values([...key, { name: 'entered_at', type: 'timestamp' }], []);
    const rows = this.named(rowsOf(numbers), 'entered_at', of);
    const inside = this.named(memberRows(this.state, this.numbers([journey])), 'entered_at', of);
    const own = filter(inside, call('not', c(inside, MOVED)));
    const moved = antiJoin(
      filter(rows, c(rows, MOVED)),
      own,
      key.map(({ name }) => name),
    );
    return union([pick(filter(rows, call('not', c(rows, MOVED))), columns), pick(moved, columns)]);
  }

  private numbers(keys: readonly string[]): readonly number[] {
    return keys.flatMap((key) => this.remembered.published.get(key) ?? []);
  }

  private keyOf(of: Level): readonly Column[] {
    return of === 'accounts' ? this.raw.key.slice(0, 1) : this.raw.key;
  }

  /** Rows of state by profile key, and whether whoever they were kept by has become part of that profile. */
  private named(rows: Relation, at: 'entered_at' | 'exited_at', of: Level): Relation {
    const subjects = pick(this.state.scan('subjects'), [
      ['subject_no', 'kept_by'],
      'identifier_type',
      'identifier',
    ]);
    const known = join('inner', rows, subjects, ['kept_by']);
    const identifier = c(known, 'identifier');
    if (of === 'accounts') {
      return project(known, [as('profile_id', identifier), as(at, c(known, at)), as(MOVED, bool(false))]);
    }
    const isUser = eq(c(known, 'identifier_type'), text('user_id'));
    const identified = project(known, [
      as('user_id', caseWhen([{ when: isUser, then: identifier }], nul('text'))),
      as('anonymous_id', caseWhen([{ when: isUser, then: nul('text') }], identifier)),
      as('was_anonymous', call('not', isUser)),
      as(at, c(known, at)),
    ]);
    const now = this.raw.assigned(identified, ['was_anonymous', at]);
    const moved = hasColumn(now, 'anonymous')
      ? call('ne', c(now, 'was_anonymous'), c(now, 'anonymous'))
      : bool(false);
    const key = this.raw.key.map(({ name }) => as(name, c(now, name)));
    return project(now, [...key, as(at, c(now, at)), as(MOVED, moved)]);
  }
}
