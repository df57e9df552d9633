import type { Outcome, OutboxMessage } from './destination.js';
import { Stubs } from './records.js';
import type { Fate, Mark } from './recorder.js';

interface Entry {
  readonly fate: Fate;
  readonly messages: Stubs;
}

/** What became of the messages of one page, grouped so that the commonest fate needs no ids written. */
export class Tally {
  private marks = new Map<string, Entry>();
  /** Whether every message of the page has one of the fates here. */
  private complete = true;

  /** What became of some messages, the same of all. */
  add(messages: readonly OutboxMessage[], outcome: Outcome, tries: number): void {
    const key = JSON.stringify([outcome.status, outcome.httpStatus, outcome.error, tries]);
    let entry = this.marks.get(key);
    if (entry === undefined)
      this.marks.set(key, (entry = { fate: { outcome, tries }, messages: new Stubs() }));
    entry.messages.add(messages);
  }

  /** Some message of the page was not tried, or was recorded before: those here have to be named. */
  leaveOut(): void {
    this.complete = false;
  }

  /** `rest` is the fate of every message that no mark names; undefined: they stay as they are. */
  summary(): { readonly rest: Fate | undefined; readonly marks: readonly Mark[] } {
    const all = [...this.marks.values()];
    const most = all.reduce((a, b) => (a === undefined || b.messages.size > a.messages.size ? b : a), all[0]);
    const rest = this.complete ? most : undefined;
    return {
      rest: rest?.fate,
      marks: all.filter((m) => m !== rest).map(({ fate, messages }) => ({ ...fate, ids: messages.ids() })),
    };
  }

  /** The one fate of all that is here; undefined where there are several, or where others are left out. */
  get only(): Fate | undefined {
    const [first, second] = this.marks.values();
    return this.complete && second === undefined ? first?.fate : undefined;
  }

  /** Starts over, after what was here has been recorded. */
  clear(): void {
    this.marks = new Map();
    this.complete = false;
  }
}
