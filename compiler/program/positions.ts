/** Where people stand in a journey, and who left it, as published before a run (SEMANTICS §6). */
import { antiJoin, c, call, eq, filter, int, join, or, pick, semiJoin, text, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { GROUP_ID } from './accounts.js';
import type { StateSchema } from './state.js';

/** The subject a row of state is kept by: the profile it was, when the row was written. */
const KEPT_BY = 'kept_by';

const named = (rows: Relation, numbers: readonly number[]): Relation =>
  filter(rows, call('in_list', c(rows, 'definition_no'), ...numbers.map(int)));

/** Members of some definitions: `kept_by`, `entered_at`. */
export const memberRows = (state: StateSchema, numbers: readonly number[]): Relation =>
  pick(named(state.scan('member_state'), numbers), [['profile_no', KEPT_BY], 'entered_at']);

/** Who left some definitions: `kept_by`, `exited_at`. */
export const exitRows = (state: StateSchema, numbers: readonly number[]): Relation =>
  pick(named(state.scan('exit_state'), numbers), [['profile_no', KEPT_BY], 'exited_at']);

/**
 * Members of some definitions once more, with the time since which another stood where they stand now: whoever becomes
 * part of a profile exits, and the profile enters, in the run that sees it. `kept_by`, `entered_at`.
 */
export function takenOver(state: StateSchema, numbers: readonly number[]): Relation {
  const members = pick(named(state.scan('member_state'), numbers), [
    'definition_no',
    ['profile_no', KEPT_BY],
    ['entered_at', 'taken_at'],
  ]);
  const exits = pick(named(state.scan('exit_state'), numbers), [
    'definition_no',
    ['profile_no', 'subject_no'],
    'entered_at',
    ['exited_at', 'taken_at'],
  ]);
  const merged = pick(state.scan('reassignments'), [
    'subject_no',
    ['as_of', 'taken_at'],
    ['to_profile_no', KEPT_BY],
  ]);
  const handed = join('inner', exits, merged, ['subject_no', 'taken_at']);
  return pick(semiJoin(handed, members, ['definition_no', KEPT_BY, 'taken_at']), [KEPT_BY, 'entered_at']);
}

/** Rows by the profile that whoever they were kept by is now. */
const current = (state: StateSchema, rows: Relation): Relation =>
  join('inner', rows, pick(state.scan('subjects'), [['subject_no', KEPT_BY], 'profile_no']), [KEPT_BY]);

/**
 * Who was published at any of some steps: `profile_no`, `entered_at`; several rows where several profiles became one.
 * A profile that was inside itself stands where it stood. One that no message names any more stands nowhere; one that
 * is not there yet at an earlier `as_of` stands where it stood.
 *
 * @param rows members of the steps
 * @param journey the number of the journey
 */
export function positions(state: StateSchema, journey: number, members: Relation): Relation {
  const rows = current(state, members);
  const isOwn = eq(c(rows, KEPT_BY), c(rows, 'profile_no'));
  const columns = ['profile_no', 'entered_at'];
  const moved = antiJoin(filter(rows, call('not', isOwn)), memberRows(state, [journey]), [
    { left: 'profile_no', right: KEPT_BY },
  ]);
  const subjects = state.scan('subjects');
  const there = or(
    call('is_not_null', c(subjects, 'seen_at')),
    eq(c(subjects, 'identifier_type'), text(GROUP_ID)),
  );
  const all = union([pick(filter(rows, isOwn), columns), pick(moved, columns)]);
  return semiJoin(all, pick(filter(subjects, there), ['profile_no']), ['profile_no']);
}

/** When members of a journey left: `profile_no`, `exited_at`. */
export const departures = (state: StateSchema, journey: number): Relation =>
  pick(current(state, exitRows(state, [journey])), ['profile_no', 'exited_at']);
