/**
 * Segment's open-source destination actions, as far as we use them: an optional package, of which one destination is loaded at a
 * time. Its root is never imported: that would load some two hundred destinations.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { Json } from '../json.js';

const ACTIONS_PACKAGE = '@segment/action-destinations';
const ACTIONS_VERSION = '3.497.0';

interface ActionField {
  readonly default?: unknown;
  readonly maximum?: number;
}

export interface ActionDefinition {
  readonly title: string;
  readonly defaultSubscription?: string;
  readonly fields: Readonly<Record<string, ActionField>>;
  readonly performBatch?: unknown;
}

interface Preset {
  readonly type: 'automatic' | 'specificEvent';
  readonly partnerAction: string;
  readonly subscribe?: string;
  readonly eventSlug?: string;
  readonly mapping?: Json;
}

export interface KitDefinition {
  readonly name: string;
  readonly actions: Readonly<Record<string, ActionDefinition>>;
  readonly presets?: readonly Preset[];
  readonly authentication?: { readonly scheme: string; readonly refreshAccessToken?: unknown };
  readonly audienceConfig?: { readonly createAudience?: unknown };
}

export interface Tokens {
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
}

/** What became of one event of a batch. */
export interface StatusNode {
  readonly status: number;
  readonly errormessage?: string;
}

interface Input {
  readonly mapping: Json;
  readonly settings: Json;
  readonly auth: Tokens;
  readonly features: Json;
  readonly statsContext: Json;
  readonly signal: AbortSignal;
}

/** Runs actions of one destination. */
export interface KitDestination {
  /** Every answer that any action has had. */
  readonly responses: { length: number };
  validateSettings(settings: Json): void;
  executeAction(action: string, input: Input & { readonly event: unknown }): Promise<unknown>;
  executeBatch(
    action: string,
    input: Input & { readonly events: readonly unknown[] },
  ): Promise<readonly (StatusNode | undefined)[]>;
  createAudience(input: Json): Promise<{ readonly externalId: string }>;
  refreshAccessToken(
    settings: Json,
    tokens: Tokens,
  ): Promise<{ readonly accessToken: string; readonly refreshToken?: string } | undefined>;
}

export interface Kit {
  readonly definition: KitDefinition;
  readonly make: () => KitDestination;
  /** Whether an event is one that a subscription is for; throws where it cannot be read. */
  readonly subscribes: (subscription: string, event: unknown) => boolean;
}

/** The package is not there, or not the one we know. */
export class KitMissing extends Error {}

/**
 * Loads one destination: from beside us, from the folder the command runs in, or from a folder that `ROLLCALL_ACTIONS` names.
 * Throws `KitMissing`.
 */
export function loadKit(slug: string): Kit {
  const root = packageRequire();
  const { version } = root(`${ACTIONS_PACKAGE}/package.json`) as { version: string };
  if (version !== ACTIONS_VERSION) {
    throw new KitMissing(`${ACTIONS_PACKAGE} is ${version}, and what was looked at is ${ACTIONS_VERSION}`);
  }
  const module = root(`${ACTIONS_PACKAGE}/dist/destinations/${slug}`) as { default: KitDefinition };
  const inside = createRequire(root.resolve(`${ACTIONS_PACKAGE}/package.json`));
  const { Destination } = inside('@segment/actions-core/destination-kit') as {
    Destination: new (definition: KitDefinition) => KitDestination;
  };
  const core = createRequire(inside.resolve('@segment/actions-core/destination-kit'));
  const { parseFql, validate } = core('@segment/destination-subscriptions') as {
    parseFql: (text: string) => { readonly error?: Error };
    validate: (parsed: unknown, event: unknown) => boolean;
  };
  const definition = safelyNamed(slug, module.default);
  return {
    definition,
    make: () => new Destination(definition),
    subscribes: (subscription, event) => {
      const parsed = parseFql(subscription);
      if (parsed.error) throw parsed.error;
      return validate(parsed, event);
    },
  };
}

function packageRequire(): NodeJS.Require {
  const folders = [process.env['ROLLCALL_ACTIONS'], process.cwd()].filter((f) => f !== undefined);
  const requires = [import.meta.url, ...folders.map((f) => join(f, 'package.json'))].map((f) =>
    createRequire(f),
  );
  for (const one of requires) {
    try {
      one.resolve(`${ACTIONS_PACKAGE}/package.json`);
      return one;
    } catch {
      // not there: perhaps at the next
    }
  }
  throw new KitMissing(`the package ${ACTIONS_PACKAGE} is not installed`);
}

/** Names become parts of the `$id`s of schemas, which are URIs: spaces and brackets are none. */
function safelyNamed(slug: string, definition: KitDefinition): KitDefinition {
  const actions = Object.entries(definition.actions).map(
    ([key, action]) => [key, { ...action, title: key }] as const,
  );
  return { ...definition, name: `rollcall-${slug}`, actions: Object.fromEntries(actions) };
}
