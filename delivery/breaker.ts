/**
 * Whether a destination is to be asked now: a circuit breaker, and the pauses it asked for. Closed, all attempts go; after some that
 * failed in a row it opens, and nothing goes for a while; then, half open, one attempt tries whether it is back. Each time it
 * is not, it stays open twice as long; after a few times it is left alone until the next sync.
 */
import { sleep } from '../dialects/retry.js';

export interface BreakerSettings {
  /** Failed attempts in a row that open it. */
  readonly failures: number;
  /** How long it stays open the first time. */
  readonly coolMs: number;
  /** Openings without a success in between after which it gives up. */
  readonly openings: number;
}

export class Breaker {
  private failedInARow = 0;
  private openings = 0;
  private closedUntil = 0;
  private probing = false;
  private lastReason: string | undefined;
  private leftAlone: string | undefined;

  constructor(
    private readonly settings: BreakerSettings,
    private readonly elapsed: () => number = () => performance.now(),
  ) {}

  /** Why it gave up, once it has. */
  get gaveUp(): string | undefined {
    if (this.leftAlone !== undefined) return this.leftAlone;
    return this.openings >= this.settings.openings ? (this.lastReason ?? 'it does not answer') : undefined;
  }

  /**
   * Whether an attempt may be made right now: none while it is open or asked for a pause, and one at a time while it is half open.
   * Whoever was let through says what came of it.
   */
  admit(): boolean {
    if (this.elapsed() < this.closedUntil || this.probing) return false;
    this.probing = this.openings > 0;
    return true;
  }

  /** Waits until there is a chance of being admitted, or it gave up. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.closedUntil - this.elapsed();
    if (this.gaveUp === undefined && (ms > 0 || this.probing)) await sleep(Math.max(ms, 5), signal);
  }

  /** It answered, whatever it said. */
  answered(): void {
    this.failedInARow = 0;
    this.openings = 0;
    this.probing = false;
  }

  /** It did not, or said that it cannot. */
  failed(reason: string): void {
    this.lastReason = reason;
    this.failedInARow++;
    const probe = this.probing;
    this.probing = false;
    if (!probe && (this.openings > 0 || this.failedInARow < this.settings.failures)) return;
    this.openings++;
    this.pause(this.settings.coolMs * 2 ** (this.openings - 1));
  }

  /** Nothing goes any more. */
  giveUp(reason: string): void {
    this.leftAlone ??= reason;
  }

  /** Nothing goes for so long. */
  pause(ms: number): void {
    this.closedUntil = Math.max(this.closedUntil, this.elapsed() + ms);
  }
}
