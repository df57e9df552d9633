/** How long what landed took to be published. */
export interface Freshness {
  /** Rows that landed; null where a source was read whole. */
  readonly new_rows: number | null;
  /** The largest `received_at`, where one landed later than all before (never beyond the clock). */
  readonly newest_received_at: string | null;
  /** Messages queued. */
  readonly messages: number;
  /** From that `received_at` until they could be read in the outbox; null without either. */
  readonly lag_ms: number | null;
}
