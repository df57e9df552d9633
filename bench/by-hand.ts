/** What analysts write around a question to raw messages: each id once, anonymous ids stitched to users. */
import { NOW } from './shapes-data.js';

const track = (events: readonly string[], when: string): string =>
  `"type" = 'track' and "event" ${events.length === 1 ? `= '${events[0]}'` : `in (${events.map((e) => `'${e}'`).join(', ')})`} and ${when}`;

interface Test {
  /** On each row that counts. */
  readonly where?: string;
  /** On the rows of each profile. */
  readonly having?: string;
}

/**
 * What analysts write around the question itself. With `trust` they rely on knowing this data: what landed twice
 * differs in nothing but properties and `received_at`, and never says who an anonymous id is. Without, an id's first
 * landing is looked for among all messages of the type, as the meaning has it.
 */
export class ByHand {
  constructor(private readonly trust: boolean) {}

  /** CTEs: the first user of each anonymous id. */
  get linked(): string {
    const pairs = `select "type", message_id, received_at, "timestamp", user_id, anonymous_id from raw.messages
  where user_id is not null and anonymous_id is not null and "timestamp" <= ${NOW}`;
    const first = `select anonymous_id, arg_min(user_id, row("timestamp", message_id)) as linked_id`;
    if (this.trust) return `linked as (${first} from (${pairs}) group by 1)`;
    return `pairs as (${pairs}),
pairs_again as (
  select "type", message_id, min(received_at) as first_at from raw.messages
  where message_id in (select message_id from pairs) group by 1, 2 having count(*) > 1),
linked as (
  ${first} from pairs left join pairs_again using ("type", message_id)
  where first_at is null or first_at = received_at group by 1)`;
  }

  /** CTEs: the rows that count, with their user. Rows of unknown people are left out. */
  rowsOf(name: string, type: string, where: string, columns: string): string {
    const among = this.trust
      ? `from ${name}_all`
      : `from raw.messages where "type" = '${type}' and message_id in (select message_id from ${name}_all)`;
    return `${name}_all as (
  select message_id, received_at, user_id, anonymous_id, ${columns} from raw.messages where ${where}),
${name}_again as (
  select message_id, min(received_at) as first_at ${among} group by 1 having count(*) > 1),
${name} as (
  select coalesce(user_id, linked_id) as profile_id, * exclude (user_id)
  from ${name}_all left join ${name}_again using (message_id) left join linked using (anonymous_id)
  where (first_at is null or first_at = received_at) and (user_id is not null or linked_id is not null))`;
  }

  events(events: readonly string[], when: string, columns: string): string {
    return this.rowsOf('e', 'track', track(events, when), columns);
  }

  /** Profiles by rows of some events in a window. */
  perProfile(events: readonly string[], when: string, columns: string, { where, having }: Test = {}): string {
    return `with ${this.linked},
${this.events(events, when, columns)}
select profile_id from e ${where === undefined ? '' : `where ${where}`} group by 1 ${having === undefined ? '' : `having ${having}`}`;
  }

  /** CTEs: `t`, the latest value of a custom trait. */
  latest(trait: string): string {
    const identifies = `"type" = 'identify' and traits is not null and "timestamp" <= ${NOW}`;
    return `${this.rowsOf('i', 'identify', identifies, `"timestamp", traits->>'$.${trait}' as ${trait}`)},
t as (select profile_id, arg_max(${trait}, row("timestamp", message_id)) as ${trait} from i group by 1)`;
  }

  /** CTE: all with a user id. (A landing that does not count has the same user here; looking costs and finds none.) */
  readonly everyone = `everyone as (
  select distinct user_id as profile_id from raw.messages
  where user_id is not null and "type" in ('track', 'page', 'screen', 'identify') and "timestamp" <= ${NOW})`;
}
