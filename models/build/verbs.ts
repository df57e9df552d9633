/**
 * Verbs: conditions on events that people have a word for, said by ordinary comparisons of counts. What compiles,
 * hashes and prints them sees only those.
 */
import type { Comparison, Condition, Duration, EventStream, Operand, OrderOp, Window } from '../algebra.js';
import { sumOfDurations } from '../duration.js';
import type { Verb } from '../schema/index.js';
import type { JsonEntry, JsonNode, ObjectNode } from '../source/json.js';
import { asObject, field, mark, type BuildContext } from './context.js';
import { buildDuration, windowOf } from './leaves.js';

/**
 * The condition a verb stands for.
 *
 * @param verb the verb's entry in a validated condition
 * @param stream the condition's events, without a window
 * @param name where the events' name stands: problems of the events are told there
 */
export function buildVerb(
  context: BuildContext,
  verb: JsonEntry & { key: Verb },
  stream: EventStream,
  name: JsonNode,
): Condition {
  const node = asObject(verb.node);
  const events = new Events(context, stream, name, verb);
  switch (verb.key) {
    case 'first_time':
      return firstTime(events, windowOf(node) as Window);
    case 'stopped':
      return stopped(events, duration(node, 'for'), durationIf(node, 'within'));
    case 'restarted':
      return restarted(events, duration(node, 'within'), duration(node, 'after'));
    case 'regularly': {
      const [atLeast, of] = [field(node, 'at_least')?.value, field(node, 'of')?.value].map(Number);
      return events.inPeriods(duration(node, 'every'), of ?? 0, atLeast ?? 0);
    }
  }
}

/** One lies in the window, and none before it: all there are, are those since the window began. */
function firstTime(events: Events, window: Window): Condition {
  const since = sinceStartOf(window);
  const none = events.equal(events.count(), events.count(since));
  return events.all(events.some(window), none);
}

/** The window from where another begins to `as_of`. */
function sinceStartOf(window: Window): Window {
  switch (window.kind) {
    case 'within':
      return window;
    case 'between':
      return within(window.to);
    case 'absolute':
      return Object.freeze({ kind: 'absolute', ...(window.since !== undefined && { since: window.since }) });
  }
}

/** None for so long; but one before that, ever or within so long. */
function stopped(events: Events, quiet: Duration, before: Duration | undefined): Condition {
  return events.all(events.none(within(quiet)), events.some(before && within(before)));
}

/** One of late; none for so long before that: those of both stretches are those of late; and one before. */
function restarted(events: Events, late: Duration, quiet: Duration): Condition {
  const both = within(sumOfDurations(late, quiet));
  return events.all(
    events.some(within(late)),
    events.equal(events.count(both), events.count(within(late))),
    events.test(events.count(), 'greater_than', events.count(both)),
  );
}

const within = (span: Duration): Window => Object.freeze({ kind: 'within', duration: Object.freeze(span) });

const duration = (node: ObjectNode, key: string): Duration => buildDuration(field(node, key) as JsonNode);

function durationIf(node: ObjectNode, key: string): Duration | undefined {
  const found = field(node, key);
  return found && buildDuration(found);
}

/** The events of one condition, counted in several windows. */
class Events {
  constructor(
    private readonly context: BuildContext,
    private readonly stream: EventStream,
    private readonly name: JsonNode,
    private readonly verb: JsonEntry,
  ) {}

  all(...of: readonly Condition[]): Condition {
    return this.mark({ kind: 'all', of: Object.freeze(of) });
  }

  some(window?: Window): Condition {
    return this.test(this.count(window), 'at_least', this.number(1));
  }

  none(window: Window): Condition {
    return this.test(this.count(window), 'equals', this.number(0));
  }

  equal(left: Operand, right: Operand): Condition {
    return this.test(left, 'equals', right);
  }

  test(left: Operand, op: OrderOp, right: Operand): Condition {
    const compare: Comparison = this.mark({ op, right });
    return this.mark({ kind: 'test', left, compare });
  }

  /** How many there are, in a window or ever. */
  count(window?: Window): Operand {
    const reducer = this.mark({ fn: 'count' as const });
    return this.mark({ kind: 'reduced', stream: this.during(window), reducer });
  }

  /** At least so many of the last periods hold one. */
  inPeriods(every: Duration, of: number, atLeast: number): Condition {
    const window = within({ amount: every.amount * of, unit: every.unit });
    const reducer = this.mark({ fn: 'periods' as const, every, of });
    const left: Operand = this.mark({ kind: 'reduced', stream: this.during(window), reducer });
    return this.test(left, 'at_least', this.number(atLeast));
  }

  private during(window: Window | undefined): EventStream {
    return window === undefined ? this.stream : mark(this.context, { ...this.stream, window }, this.name);
  }

  private number(value: number): Operand {
    const literal = Object.freeze({ type: 'number' as const, text: String(value) });
    return this.mark({ kind: 'literal', literal });
  }

  private mark<T extends object>(node: T): T {
    return mark(this.context, node, { start: this.verb.start, end: this.verb.keyEnd });
  }
}
