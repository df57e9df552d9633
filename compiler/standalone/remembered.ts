import type { Forgotten } from '../program/forgotten.js';

/** What the warehouse remembers. */
export interface Remembered {
  /** Where state lives. */
  readonly schema: string;
  /** Numbers of the definitions that were published. */
  readonly published: ReadonlyMap<string, number>;
  /** Present where anybody was forgotten. */
  readonly forgotten?: Forgotten;
}
