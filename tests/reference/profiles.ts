/**
 * Who there is: identities, the universe, who is known, and custom traits (SEMANTICS §5, §9 last paragraph of
 * Layouts, §10 Identity).
 */
import type { KnownMessage } from './messages.js';
import { profileName, type Json, type ProfileRef } from './model.js';
import { mentionAt, parsePath, readPath, readSteps } from './paths.js';
import { compareTexts, isPresent, textOf, type Value } from './values.js';

export interface Profile {
  ref: ProfileRef;
  name: string;
  /** Whether an ordinary definition ranges over it; the others need `include_anonymous`. */
  known: boolean;
  /** All messages of the profile, first to last; of an account, those of its users. */
  messages: KnownMessage[];
  /** The messages whose traits are the profile's, first to last. */
  mentions: KnownMessage[];
}

/** Who an anonymous id is: the user it belongs to, or a profile of its own. */
export function ownersOf(messages: readonly KnownMessage[]): (id: string) => ProfileRef {
  const owners = ownersOfAnonymousIds(messages);
  return (id) => {
    const user = owners.get(id);
    return user === undefined ? { kind: 'anonymous', id } : { kind: 'user', id: user };
  };
}

/** Every user and anonymous profile of the universe, by name. `counted` are the messages that count, first to last. */
export function profilesOf(counted: readonly KnownMessage[]): Profile[] {
  const messages = counted.filter(
    (message) => message.userId !== undefined || message.anonymousId !== undefined,
  );
  const ofAnonymous = ownersOf(messages);
  /** Whose a message is: its user's, whatever its anonymous id. */
  const ownerOf = (message: KnownMessage): ProfileRef =>
    message.userId === undefined
      ? ofAnonymous(message.anonymousId ?? '')
      : { kind: 'user', id: message.userId };

  const universe = new Map<string, ProfileRef>();
  const own = new Map<string, KnownMessage[]>();
  for (const message of messages) {
    const owner = ownerOf(message);
    own.set(profileName(owner), [...(own.get(profileName(owner)) ?? []), message]);
    if (!COUNTS_FOR_THE_UNIVERSE.has(message.type)) continue;
    // Any identifier appearing is enough: an anonymous id brings in the user it belongs to, even on another's event.
    const seen = message.anonymousId === undefined ? [owner] : [owner, ofAnonymous(message.anonymousId)];
    for (const profile of seen) universe.set(profileName(profile), profile);
  }
  return [...universe.values()]
    .map((ref) => {
      const name = profileName(ref);
      const messagesOfProfile = own.get(name) ?? [];
      return {
        ref,
        name,
        known: isKnown(ref, messagesOfProfile),
        messages: messagesOfProfile,
        mentions: messagesOfProfile.filter((message) => message.type === 'identify'),
      };
    })
    .sort((a, b) => compareTexts(a.name, b.name));
}

const COUNTS_FOR_THE_UNIVERSE: ReadonlySet<string> = new Set(['track', 'page', 'screen', 'identify']);

/**
 * An anonymous id belongs to the first user it is seen with in any one message; of two in messages of one time and
 * id (from two sources), to the smaller. `messages` are in order.
 */
function ownersOfAnonymousIds(messages: readonly KnownMessage[]): Map<string, string> {
  const first = new Map<string, KnownMessage & { userId: string }>();
  for (const message of messages) {
    const { userId, anonymousId } = message;
    if (userId === undefined || anonymousId === undefined) continue;
    const before = first.get(anonymousId);
    const tied = before?.timestamp === message.timestamp && before.id === message.id;
    if (!before || (tied && compareTexts(userId, before.userId) < 0))
      first.set(anonymousId, { ...message, userId });
  }
  return new Map([...first].map(([id, { userId }]) => [id, userId]));
}

/** A profile is known by a user id, an email of any of its identifies, or a mobile advertising id. */
function isKnown(ref: ProfileRef, messages: readonly KnownMessage[]): boolean {
  return (
    ref.kind === 'user' || messages.some((message) => bringsEmail(message) || bringsAdvertisingId(message))
  );
}

function bringsEmail(message: KnownMessage): boolean {
  return message.type === 'identify' && readSteps(message.traits, ['email']).some(isPresent);
}

function bringsAdvertisingId(message: KnownMessage): boolean {
  if (!COUNTS_FOR_THE_UNIVERSE.has(message.type)) return false;
  const [id] = readPath(message.context, 'device.advertisingId');
  const [type] = readPath(message.context, 'device.type');
  return (
    typeof id === 'string' && id !== '' && ['android', 'ios'].includes((textOf(type) ?? '').toLowerCase())
  );
}

/**
 * A custom trait's values: the latest mention of its path among the profile's mentions, where null removes. One
 * value, or with a `$` step one for each element of the array last mentioned.
 */
export function customTrait(profile: Profile, path: string): Value[] {
  const steps = parsePath(path);
  const firstSpread = steps.indexOf('$');
  const mentioned = firstSpread === -1 ? steps : steps.slice(0, firstSpread);
  const latest = profile.mentions.flatMap((message) => mentionAt(message.traits, mentioned) ?? []).at(-1);
  const value: Json = latest?.value ?? null;
  return readSteps(value, steps.slice(mentioned.length));
}
