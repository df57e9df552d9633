/** What the steps of a run took, added up for whoever reads its result. */
import type { StepResult } from './api.js';
import type { StepRecord } from './store.js';

/** What was done for a definition: by its own steps, and its share of those it has in common with others. */
export type Measured = Pick<StepResult, 'retries' | 'rows_read' | 'bytes'>;

const sum = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

export class Measures {
  private readonly found = new Map<string, StepResult>();

  add(record: StepRecord): void {
    const { step, status, definition_key, duration_ms, retries, rows_changed, rows_read, bytes } = record;
    const before = this.found.get(step);
    this.found.set(step, {
      step,
      ...(definition_key !== null && { definition: definition_key }),
      status,
      times: (before?.times ?? 0) + 1,
      duration_ms: (before?.duration_ms ?? 0) + duration_ms,
      retries: Math.max(before?.retries ?? 0, retries),
      rows_changed: sum(before?.rows_changed ?? null, rows_changed),
      rows_read: sum(before?.rows_read ?? null, rows_read),
      bytes: sum(before?.bytes ?? null, bytes),
    });
  }

  /** What was said to have been done was not, as its transaction was rolled back. */
  undo(step: string): void {
    const found = this.found.get(step);
    if (found) this.found.set(step, { ...found, status: 'rolled_back' });
  }

  /** How many rows a step changed of which that was not known. */
  tellRows(step: string, rows: number): void {
    const found = this.found.get(step);
    if (found) this.found.set(step, { ...found, rows_changed: rows });
  }

  /** In the order they were first done. */
  get steps(): readonly StepResult[] {
    return [...this.found.values()];
  }

  /** By key of the definition. */
  byDefinition(): ReadonlyMap<string, Measured> {
    const all = new Map<string, Measured>();
    for (const { definition, retries, rows_read, bytes } of this.found.values()) {
      if (definition === undefined) continue;
      const before = all.get(definition);
      all.set(definition, {
        retries: (before?.retries ?? 0) + retries,
        rows_read: sum(before?.rows_read ?? null, rows_read),
        bytes: sum(before?.bytes ?? null, bytes),
      });
    }
    return all;
  }
}

/** As attributes of a span. */
export function measuresOf(
  done: {
    readonly rowsChanged: number | null;
    readonly rowsRead: number | null;
    readonly bytes: number | null;
  },
  retries: number,
): Record<string, number> {
  return {
    'rollcall.retries': retries,
    ...(done.rowsChanged !== null && { 'rollcall.rows_changed': done.rowsChanged }),
    ...(done.rowsRead !== null && { 'rollcall.rows_read': done.rowsRead }),
    ...(done.bytes !== null && { 'rollcall.bytes': done.bytes }),
  };
}
