const EVERY_MS = 5000;

/** A log of what goes on for long wants a sign of life now and then, and no more. */
export class Seldom {
  private saidAt = -Infinity;

  /** Whether something is to be said that happened at this ISO instant; `anyway`: it is, and what follows soon is not. */
  isDue(at: string, anyway = false): boolean {
    const now = Date.parse(at);
    if (!anyway && now - this.saidAt < EVERY_MS) return false;
    this.saidAt = now;
    return true;
  }
}
