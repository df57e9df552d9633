/** Tests of a project's definitions, as their files have them: events in, members and values out. */
import type { Duration } from './algebra.js';
import type { JsonTree } from './json-text.js';
import type { MESSAGE_TYPES } from './schema/index.js';

export type TestMessageType = (typeof MESSAGE_TYPES)[number];

export interface JsonObject {
  readonly [key: string]: JsonTree;
}

/** A message that lands in a source. */
export interface TestMessage {
  readonly type: TestMessageType;
  readonly event?: string;
  readonly name?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly groupId?: string;
  /** An instant, or how long before the step's `as_of`; absent: that instant. */
  readonly timestamp?: string | Duration;
  readonly receivedAt?: string;
  readonly properties?: JsonObject;
  readonly traits?: JsonObject;
  readonly context?: JsonObject;
  readonly messageId?: string;
  readonly sourceId?: string;
  /** The source it lands in; when the file does not say, the one that was found to take it. */
  readonly source?: string;
}

/** Rows for a table of a source, as they stand in it. */
export interface TestRows {
  readonly table: string;
  readonly rows: readonly JsonObject[];
}

export type Expectation =
  | { readonly kind: 'members'; readonly key: string; readonly profiles: readonly string[] }
  | { readonly kind: 'traits'; readonly key: string; readonly values: ReadonlyMap<string, JsonTree> };

export interface TestStep {
  readonly land: readonly TestMessage[];
  readonly tables: readonly TestRows[];
  /** As written. */
  readonly asOf: string;
  readonly expect: readonly Expectation[];
}

export interface TestCase {
  readonly name: string;
  /** Path relative to the project folder, with forward slashes. */
  readonly file: string;
  /** Keys it is about: those it lists, and those it expects something of. */
  readonly definitions: readonly string[];
  readonly steps: readonly TestStep[];
}
