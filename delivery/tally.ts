import type { Outcome } from './destination.js';
import type { Fate, Mark } from './recorder.js';

/** What became of the messages of one page, grouped so that the commonest fate needs no ids written. */
export class Tally {
  private marks = new Map<string, { readonly fate: Fate; readonly ids: string[] }>();
  /** Whether every message of the page has one of the fates here. */
  private complete = true;

  add(messageId: string, outcome: Outcome, tries: number): void {
    const key = JSON.stringify([outcome.status, outcome.httpStatus, outcome.error, tries]);
    const mark = this.marks.get(key);
    if (mark === undefined) this.marks.set(key, { fate: { outcome, tries }, ids: [messageId] });
    else mark.ids.push(messageId);
  }

  /** Some message of the page was not tried, or was recorded before: those here have to be named. */
  leaveOut(): void {
    this.complete = false;
  }

  /** `rest` is the fate of every message that no mark names; undefined: they stay as they are. */
  summary(): { readonly rest: Fate | undefined; readonly marks: readonly Mark[] } {
    const all = [...this.marks.values()];
    const most = all.reduce((a, b) => (a === undefined || b.ids.length > a.ids.length ? b : a), all[0]);
    const rest = this.complete ? most : undefined;
    return {
      rest: rest?.fate,
      marks: all.filter((m) => m !== rest).map(({ fate, ids }) => ({ ...fate, ids })),
    };
  }

  /** Starts over, after what was here has been recorded. */
  clear(): void {
    this.marks = new Map();
    this.complete = false;
  }
}
