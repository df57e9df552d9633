/** What a run knows of each definition it selects: its row before, what became of it, its row after. */
import { CompilerBug, type Diagnostic } from '../compiler/diagnostics/index.js';
import { ownerOf, type Definition } from '../models/definition.js';
import type { DefinitionResult, DefinitionStatus, FailedStatus, HeldBack } from './api.js';
import type { DefinitionRow } from './existing.js';
import { microsOf } from './instants.js';
import type { Measured } from './measures.js';
import { reducerOf } from './store.js';

export interface Counts {
  readonly size: number;
  readonly entered: number;
  readonly exited: number;
  readonly changed: number;
}

interface Entry {
  readonly definition: Definition;
  readonly before: DefinitionRow;
  /** There was no row before this run. */
  readonly isNew: boolean;
  status: DefinitionStatus | 'pending' | 'computed';
  error?: Diagnostic;
  guard?: HeldBack;
  counts?: Counts;
  mode?: Pick<DefinitionResult, 'mode' | 'reason'>;
  fingerprint?: string;
  rows: number;
  messages: number;
  computeMs: number;
  publishMs: number;
}

export class Ledger {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly runId: string,
    private readonly asOf: string,
  ) {}

  /** @param idle it is not computed, as it goes nowhere */
  add(definition: Definition, stored: DefinitionRow | undefined, definitionNo: number, idle = false): void {
    this.entries.set(definition.key, {
      definition,
      before: stored ?? newRow(definition, definitionNo),
      isNew: stored === undefined,
      status: !definition.enabled ? 'disabled' : idle ? 'not_computing' : 'pending',
      rows: 0,
      messages: 0,
      computeMs: 0,
      publishMs: 0,
    });
  }

  computed(key: string, computeMs: number, mode: Entry['mode']): void {
    Object.assign(this.entry(key), { status: 'computed', computeMs, mode });
  }

  /** @param guard what was stopped, of one that is held for its own change */
  failed(key: string, status: FailedStatus, error: Diagnostic, guard?: HeldBack): void {
    const entry = this.entry(key);
    Object.assign(entry, { status, error }, guard && { guard });
    delete entry.counts;
  }

  /**
   * May be said again, when publishing starts again: the last word counts. Without counts it has no rows of its
   * own, and its outputs have.
   */
  published(
    key: string,
    fingerprint: string,
    done: { counts?: Counts; rows: number; messages?: number; durationMs: number },
  ): void {
    const { counts, rows, messages = 0, durationMs } = done;
    const outcome = { status: 'succeeded', fingerprint, rows, messages, publishMs: durationMs };
    Object.assign(this.entry(key), outcome, counts && { counts });
  }

  /** Messages queued for all definitions. */
  messages(): number {
    return [...this.entries.values()].reduce((all, { messages }) => all + messages, 0);
  }

  /** Nothing was published after all. */
  unpublish(): void {
    for (const entry of this.entries.values()) {
      if (entry.status === 'succeeded') entry.status = 'computed';
      delete entry.counts;
    }
  }

  /** A definition's failure, its own or its upstream's. */
  failure(key: string): Diagnostic | undefined {
    return this.entries.get(key)?.error;
  }

  /** The definitions of files that failed, or of which an output did. */
  failedOwners(): readonly string[] {
    return [...this.entries.values()].filter((e) => e.error).map((e) => ownerOf(e.definition).key);
  }

  /** Why a definition or one of its outputs failed; the failure of its own, where one is. */
  failureOf(owner: string): { readonly status: FailedStatus; readonly error: Diagnostic } | undefined {
    const found = [...this.entries.values()].flatMap(({ definition, error }) =>
      error && ownerOf(definition).key === owner
        ? [{ status: this.failedStatus(definition.key), error }]
        : [],
    );
    return found.find(({ status }) => status !== 'upstream_failed') ?? found[0];
  }

  /** How a definition that failed did. */
  failedStatus(key: string): FailedStatus {
    const status = this.status(key);
    return status === 'failed' || status === 'held' ? status : 'upstream_failed';
  }

  /** Whether a definition was published before this run. */
  wasPublished(key: string): boolean {
    return this.entry(key).before.firstRunAt !== null;
  }

  status(key: string): DefinitionStatus | 'pending' | 'computed' | undefined {
    return this.entries.get(key)?.status;
  }

  /** Rows for the definitions that had none, so that their number is theirs whatever happens next. */
  newRows(): DefinitionRow[] {
    return [...this.entries.values()]
      .filter((e) => e.isNew)
      .map((e) => ({
        ...e.before,
        status: e.status === 'disabled' || e.status === 'not_computing' ? e.status : 'preparing',
      }));
  }

  /** Definitions never published go through `preparing` and `computing`; a live one stays live meanwhile. */
  firstTimers(status: 'preparing' | 'computing'): DefinitionRow[] {
    return [...this.entries.values()]
      .filter((e) => e.definition.enabled && e.status !== 'not_computing' && (e.isNew || isUnborn(e.before)))
      .map((e) => ({ ...e.before, status }));
  }

  /** Rows as they stand after the run, those only that differ from the rows before. */
  outcomeRows(): DefinitionRow[] {
    return [...this.entries.values()].flatMap((e) => {
      const after = this.after(e);
      const written = e.isNew || (e.definition.enabled && isUnborn(e.before));
      return written || !sameRow(e.before, after) ? [after] : [];
    });
  }

  private after(e: Entry): DefinitionRow {
    switch (e.status) {
      case 'succeeded':
        return this.live(e);
      case 'failed':
      case 'held':
        return { ...e.before, status: 'failed', error: e.error?.message ?? null };
      case 'upstream_failed':
        return { ...e.before, status: 'not_computing', error: e.error?.message ?? null };
      case 'disabled':
      case 'not_computing':
        return { ...e.before, status: e.status, error: null };
      case 'removed':
      case 'cancelled':
      case 'computed':
      case 'pending':
        return e.before;
    }
  }

  /**
   * An `as_of` run again over the same data must change nothing here (SEMANTICS §6), so the last run is the
   * last one that published something new.
   */
  private live(e: Entry): DefinitionRow {
    const { definition, before, counts } = e;
    const sameInstant = before.lastAsOf !== null && microsOf(before.lastAsOf) === microsOf(this.asOf);
    const nothingNew =
      sameInstant &&
      before.fingerprint === e.fingerprint &&
      (!counts || (counts.entered === 0 && counts.exited === 0 && counts.changed === 0));
    return {
      ...before,
      ...meaning(definition, counts !== undefined && counts.size > 0),
      fingerprint: e.fingerprint ?? null,
      status: 'live',
      firstRunAt: before.firstRunAt ?? this.asOf,
      retiredAt: null,
      error: null,
      lastRunId: nothingNew ? before.lastRunId : this.runId,
      lastAsOf: nothingNew ? before.lastAsOf : this.asOf,
    };
  }

  /** Results in the order the definitions were added. */
  results(measured: ReadonlyMap<string, Measured> = new Map()): DefinitionResult[] {
    return [...this.entries.values()].map((e) => ({
      key: e.definition.key,
      kind: e.definition.kind,
      status: e.status === 'pending' || e.status === 'computed' ? 'cancelled' : e.status,
      size: e.counts?.size ?? null,
      entered: e.counts?.entered ?? null,
      exited: e.counts?.exited ?? null,
      changed: e.counts?.changed ?? null,
      rows: e.rows,
      duration_ms: e.computeMs + e.publishMs,
      ...(measured.get(e.definition.key) ?? UNMEASURED),
      ...e.mode,
      ...(e.guard && { guard: e.guard }),
      ...(e.error && { error: e.error }),
    }));
  }

  private entry(key: string): Entry {
    const entry = this.entries.get(key);
    if (!entry) throw new CompilerBug(`definition ${key} is not part of the run`);
    return entry;
  }
}

/** Of one that has no statements of its own. */
export const UNMEASURED: Measured = { retries: 0, rows_read: null, bytes: null };

const isUnborn = (row: DefinitionRow): boolean => row.status === 'preparing' || row.status === 'computing';

const meaning = (
  d: Definition,
  publishes: boolean,
): Pick<DefinitionRow, 'kind' | 'reducer' | 'name' | 'of'> => ({
  kind: d.kind,
  reducer: reducerOf(d, publishes),
  name: d.name,
  of: d.of,
});

const newRow = (definition: Definition, definitionNo: number): DefinitionRow => ({
  ...meaning(definition, false),
  key: definition.key,
  definitionNo,
  fingerprint: null,
  status: 'preparing',
  firstRunAt: null,
  retiredAt: null,
  error: null,
  lastRunId: null,
  lastAsOf: null,
});

function sameRow(a: DefinitionRow, b: DefinitionRow): boolean {
  return (Object.keys(b) as (keyof DefinitionRow)[]).every((name) => a[name] === b[name]);
}
