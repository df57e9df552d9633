/**
 * What happens to a payload between the outbox and a destination that wants it otherwise: identifiers under other names, and values
 * hashed as ad platforms ask for them. A pure function of the message; the outbox keeps it as it was queued. Numbers beside them keep
 * all their digits, of which a double would lose some.
 */
import { createHash } from 'node:crypto';

import {
  ADDRESS_TYPES,
  type Destination as DestinationDefinition,
  type Hashing,
  type ReceiverType,
} from '../models/definition.js';
import { compactJson, plainNumber } from '../models/canonical-json.js';
import { NumberText } from '../models/json-text.js';
import { readObject } from '../models/source/tree.js';
import type { Destination, Outcome, OutboxMessage } from './destination.js';
import { objectIn } from './json.js';
import { sendRest } from './outcomes.js';

/** SHA-256 in lower-case hexadecimal digits: what is hashed already is left as it is. */
const HASHED = /^[0-9a-f]{64}$/;

const RECEIVERS: ReadonlySet<string> = new Set(['userId', 'anonymousId']);

/**
 * The text that is hashed; undefined: it cannot be written so, and is left out.
 *
 * - `text`, `email`: without spaces around it, in lower case
 * - `phone`: E.164 (`+4930123456`), of a number with `+` or `00`, or with `country` put for the leading zero
 * - `phone_digits`: the same without `+`
 */
export function normalForm(value: unknown, { as, country }: Hashing): string | undefined {
  const written = value instanceof NumberText ? plainNumber(value.text) : value;
  if (typeof written !== 'string') return undefined;
  const text = written.trim();
  if (text === '') return undefined;
  if (as === 'text' || as === 'email') return text.toLowerCase();
  const digits = e164(text, country);
  return digits === undefined ? undefined : as === 'phone' ? `+${digits}` : digits;
}

/** The digits of a number with its country; at most 15, as E.164 has it. */
function e164(text: string, country: string | undefined): string | undefined {
  if (/[^\d\s()+./-]/.test(text)) return undefined; // letters, extensions
  // A zero that is dialled within the country only: +49 (0)30.
  const plain = text.replace(/\(0\)/, '');
  const digits = plain.replace(/\D/g, '');
  const written = /^\s*\+/.test(plain) ? digits : digits.startsWith('00') ? digits.slice(2) : undefined;
  const full = written ?? (country === undefined ? undefined : country + digits.replace(/^0/, ''));
  return full !== undefined && /^[1-9]\d{6,14}$/.test(full) ? full : undefined;
}

/** The hash of a value, as a destination asks for it. */
export function hashed(value: unknown, how: Hashing): string | undefined {
  if (typeof value === 'string' && HASHED.test(value)) return value;
  const text = normalForm(value, how);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

/** A message as a destination wants it, or nothing where its receiver cannot be written so: first names, then hashes, so that an identifier may be hashed under its name. */
export function shaped(
  message: OutboxMessage,
  { hash = {}, identifierNames = {} }: Pick<DestinationDefinition, 'hash' | 'identifierNames'>,
): OutboxMessage | undefined {
  const payload = readObject(message.payload);
  const context = objectIn(payload, 'context');
  const own = payload['type'] === 'track' ? 'properties' : 'traits';
  const traits = objectIn(payload, own);
  const called = identifierNames[message.identifierType as ReceiverType];
  if (called !== undefined && traits && !(called in traits)) traits[called] = message.identifier;
  const places = [traits, context && objectIn(context, 'traits')];
  const address = ADDRESS_TYPES.find((type) => type === message.identifierType);
  if (address) {
    // Whoever is told by an address has nothing else: under the name it is given, it is that.
    const how = Object.entries(hash).find(([name]) => name === called)?.[1] ?? hash[address];
    if (how && hashed(message.identifier, how) === undefined) return undefined;
    if (called !== undefined && called !== address) places.forEach((place) => delete place?.[address]);
    if (how && called !== undefined && !Object.hasOwn(hash, called) && traits) replace(traits, called, how);
  }
  for (const [name, how] of Object.entries(hash)) {
    if (RECEIVERS.has(name) && payload[name] !== undefined && hashed(payload[name], how) === undefined)
      return undefined;
    if (RECEIVERS.has(name)) replace(payload, name, how);
    // A definition may be called as a trait is: what it came to is not a trait's value.
    else if (name !== message.definition) places.forEach((place) => place && replace(place, name, how));
  }
  return withPayload(message, compactJson(payload));
}

/** Member by member: what a message is called may be looked up in its class. */
function withPayload(message: OutboxMessage, payload: string): OutboxMessage {
  const { messageId, definition, runNo, type, identifierType, identifier, value } = message;
  const said = value === undefined ? {} : { value };
  return { messageId, definition, runNo, type, identifierType, identifier, ...said, payload };
}

/** What cannot be hashed goes nowhere: it must not be sent as it is. */
function replace(parent: Record<string, unknown>, name: string, how: Hashing): void {
  if (parent[name] === undefined || parent[name] === null) return;
  const value = hashed(parent[name], how);
  if (value === undefined) delete parent[name];
  else parent[name] = value;
}

const UNHASHABLE: Outcome = {
  status: 'filtered',
  error: 'its identifier cannot be written as is asked, to be hashed',
};

/** A destination that is handed messages as its definition wants them; itself where they go as they are. */
export function shaping(
  destination: Destination,
  definition: Pick<DestinationDefinition, 'hash' | 'identifierNames'>,
): Destination {
  if (definition.hash === undefined && definition.identifierNames === undefined) return destination;
  return {
    where: destination.where,
    limits: destination.limits,
    send: (batch, signal) =>
      sendRest(
        batch.map((message) => shaped(message, definition) ?? UNHASHABLE),
        (some) => destination.send(some, signal),
      ),
    ...(destination.commit && { commit: () => destination.commit?.() ?? Promise.resolve() }),
    close: () => destination.close(),
  };
}
