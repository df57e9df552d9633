/** Which actions of a destination a message goes to, and how. */
import type { Json } from '../json.js';
import type { ActionDefinition, Kit, KitDefinition } from './action-kit.js';

/** A message as actions get it. */
export interface ActionEvent {
  readonly type: string;
  readonly event?: string;
  readonly context?: { readonly personas?: Json };
  readonly [member: string]: unknown;
}

/** An action, when it is meant, and with which mapping. */
export interface Planned {
  readonly action: string;
  readonly mapping: Json;
  /** Events a request; 1: one by one. */
  readonly batchSize: number;
  readonly matches: (event: ActionEvent) => boolean;
}

/** A subscription as settings have it; what is absent is as the action says. */
export interface Subscription {
  readonly action: string;
  readonly subscribe?: string;
  readonly mapping?: Json;
}

/** Where neither an action nor its mapping says. */
const BATCH = 1000;
/** An action may say that it takes hundreds of thousands, which would be held in memory together. */
const LARGEST = 10_000;

/**
 * The plan of a destination: subscriptions of settings, else its presets.
 *
 * @param events names of the track calls that are made
 * @throws Error with what is wrong with a subscription
 */
export function planOf(
  kit: Kit,
  subscriptions: readonly Subscription[] | undefined,
  events: readonly string[] = ['Audience Entered', 'Audience Exited', 'Trait Computed'],
): readonly Planned[] {
  if (subscriptions) return subscriptions.map((subscription) => chosen(kit, subscription));
  // What is for calls that we never make would decide how large batches may be.
  const calls = [
    { type: 'identify' },
    { type: 'group' },
    ...events.map((event) => ({ type: 'track', event })),
  ];
  const presets = (kit.definition.presets ?? []).filter(({ type, eventSlug, subscribe = '' }) =>
    type === 'automatic'
      ? calls.some((call) => kit.subscribes(subscribe, call))
      : eventSlug !== undefined && eventSlug in AUDIENCE_EVENTS,
  );
  const own = presets.map(({ type, partnerAction, subscribe = '', eventSlug = '', mapping = {} }) => ({
    ...planned(kit.definition, partnerAction, mapping),
    specific: type === 'specificEvent',
    matches:
      type === 'automatic'
        ? (event: ActionEvent) => kit.subscribes(subscribe, event)
        : (AUDIENCE_EVENTS[eventSlug] ?? (() => false)),
  }));
  // What is meant for audiences goes before what is meant for every identify or track.
  const specific = own.filter((one) => one.specific);
  return own.map((one) =>
    one.specific
      ? one
      : {
          ...one,
          matches: (event: ActionEvent) => one.matches(event) && !specific.some((s) => s.matches(event)),
        },
  );
}

/** Presets for audiences name what happened, and not a condition. */
const AUDIENCE_EVENTS: Readonly<Record<string, (event: ActionEvent) => boolean>> = {
  warehouse_audience_membership_changed_identify: (event) => event.type === 'identify' && isAudience(event),
  warehouse_audience_entered_track: (event) => event.type === 'track' && membership(event) === true,
  warehouse_audience_exited_track: (event) => event.type === 'track' && membership(event) === false,
};

/** Whether it says who is in an audience, or at a step of a journey. */
export const isAudience = ({ context }: ActionEvent): boolean =>
  ['audience', 'journey_step'].includes(String(context?.personas?.['computation_class']));

function membership(event: ActionEvent): unknown {
  if (!isAudience(event)) return undefined;
  const said = event['properties'] as Json | undefined;
  return said?.[String(event.context?.personas?.['computation_key'])];
}

function chosen(kit: Kit, { action, subscribe, mapping }: Subscription): Planned {
  const definition = kit.definition.actions[action];
  if (!definition) throw new UnknownAction(action, Object.keys(kit.definition.actions));
  const unknown = Object.keys(mapping ?? {}).find((field) => !(field in definition.fields));
  if (unknown !== undefined && !unknown.startsWith('__segment_internal')) {
    throw new UnknownField(action, unknown, Object.keys(definition.fields));
  }
  const condition = subscribe ?? definition.defaultSubscription;
  if (condition === undefined)
    throw new Error(`the action ${action} does not say what it is for: give "subscribe"`);
  kit.subscribes(condition, { type: 'identify' }); // one that cannot be read is told now
  const all = { ...defaultsOf(definition), ...mapping };
  return {
    ...planned(kit.definition, action, all),
    matches: (event) => kit.subscribes(condition, event),
  };
}

export class UnknownAction extends Error {
  constructor(
    readonly action: string,
    readonly known: readonly string[],
  ) {
    super(`there is no action "${action}"`);
  }
}

export class UnknownField extends Error {
  constructor(
    action: string,
    readonly field: string,
    readonly known: readonly string[],
  ) {
    super(`the action ${action} has no field "${field}"`);
  }
}

function planned(definition: KitDefinition, action: string, mapping: Json): Omit<Planned, 'matches'> {
  const fields = definition.actions[action];
  return { action, mapping, batchSize: fields ? batchSizeOf(fields, mapping) : 1 };
}

function batchSizeOf({ fields, performBatch }: ActionDefinition, mapping: Json): number {
  if (performBatch === undefined || mapping['enable_batching'] === false) return 1;
  const field = fields['batch_size'];
  const asked = Number(mapping['batch_size'] ?? field?.default ?? BATCH);
  const most = Math.min(field?.maximum ?? LARGEST, LARGEST);
  return Number.isInteger(asked) && asked >= 1 ? Math.min(asked, most) : 1;
}

const defaultsOf = ({ fields }: ActionDefinition): Json =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => ('default' in field ? [[name, field.default]] : [])),
  );
