/** Messages to destinations: payloads in Segment's shapes and their stable ids (SEMANTICS §7). */
import { createHash } from 'node:crypto';
import type { Definition, DefinitionKind, Destination, MessageType } from '../../models/definition.js';
import { as, c, call, caseWhen, eq, extend, int, lit, param, project, text } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';

export interface Message {
  readonly type: MessageType;
  readonly definition: Definition;
  readonly destination: Destination;
  readonly namespace: string;
  /** Rows of entities that it carries, where its way asks for them; of track messages only. */
  readonly entities?: EntityLists;
  /** What it says, if not what has become of the definition: rows of entities of one who stays a member. */
  readonly says?: EntityDirection;
}

export const DIRECTIONS = ['entered', 'exited'] as const;
export type EntityDirection = (typeof DIRECTIONS)[number];

/** What entered and what exited, by entity. */
export interface EntityLists {
  readonly names: readonly string[];
  /** Ids as a JSON array, over the rows of messages. */
  readonly of: (rows: Relation, entity: string, direction: EntityDirection) => Expr;
}

/** What every message id begins with; 64 hexadecimal digits follow. */
export const MESSAGE_ID_PREFIX = 'rc_';

/** Columns of `outbox` from rows of (identifier_type, identifier, value, repeats, profile_id, latest_email). */
export function messageRows(rows: Relation, message: Message): Relation {
  const { type, definition, destination } = message;
  const identified = extend(rows, [as('message_id', messageId(rows, message))]);
  return project(identified, [
    as('message_id', c(identified, 'message_id')),
    as('destination_key', text(destination.key)),
    as('definition_key', text(definition.key)),
    as('profile_id', c(identified, 'profile_id')),
    as('run_id', param('run_id', 'text')),
    as('payload', call('json_dump', payload(identified, message))),
    as('created_at', param('started_at', 'timestamp')),
    as('message_type', text(type)),
    as('identifier_type', c(identified, 'identifier_type')),
    as('identifier', c(identified, 'identifier')),
    as('value', c(identified, 'value')),
    as('run_no', param('run_no', 'int')),
  ]);
}

/**
 * A hash of everything that makes a message one of its own. What varies is a time, then a JSON value, both of
 * which say themselves where they end, then the identifier; so no two messages hash the same text. One
 * `as_of` computed again over late data may tell an identifier something, take it back, and tell it again:
 * that is a message of its own too, and what came before it at that `as_of` is counted in front.
 */
function messageId(rows: Relation, message: Message): Expr {
  const { type, definition, destination, says, entities } = message;
  const fixed = JSON.stringify([destination.key, definition.key, type, ...(says ? [says] : [])]);
  const varying = [
    c(rows, 'identifier_type'),
    call('ts_text', AS_OF),
    c(rows, 'value'),
    ...(says && entities ? [call('json_dump', entityLists(rows, entities, says))] : []),
    c(rows, 'identifier'),
  ];
  const parts = varying.flatMap((part) => [text(' '), part]);
  const repeats = c(rows, 'repeats');
  const again = caseWhen(
    [{ when: call('gt', repeats, int(0)), then: call('concat', text(' '), call('number_text', repeats)) }],
    text(''),
  );
  const hash = call('sha256_hex', call('concat', text(fixed), again, ...parts));
  return call('concat', text(MESSAGE_ID_PREFIX), hash);
}

const json = (value: unknown): Expr => lit({ type: 'json', value: JSON.stringify(value) });

function payload(rows: Relation, message: Message): Expr {
  const { type } = message;
  const body =
    type === 'track'
      ? [text('properties'), properties(rows, message)]
      : [text('traits'), traits(rows, message)];
  return call(
    'json_object',
    text('type'),
    json(type),
    ...(type === 'track' ? [text('event'), eventName(rows, message)] : []),
    ...receiver(rows, type),
    ...body,
    text('messageId'),
    call('text_json', c(rows, 'message_id')),
    text('timestamp'),
    call('text_json', call('ts_text', AS_OF)),
    text('context'),
    context(rows, message),
  );
}

function receiver(rows: Relation, type: Message['type']): readonly Expr[] {
  const identifier = call('text_json', c(rows, 'identifier'));
  if (type === 'group') return [text('groupId'), identifier];
  const isUser = eq(c(rows, 'identifier_type'), text('user_id'));
  return [
    text('userId'),
    caseWhen([{ when: isUser, then: identifier }]),
    text('anonymousId'),
    caseWhen([{ when: call('not', isUser), then: identifier }]),
  ];
}

const value = (rows: Relation): Expr => call('parse_json', c(rows, 'value'));
const email = (rows: Relation): Expr => call('text_json', c(rows, 'latest_email'));

function traits(rows: Relation, { definition, type }: Message): Expr {
  // A definition that is itself called `email` has the name to itself.
  const isPerson = type === 'identify' && definition.key !== 'email';
  const also = isPerson ? [text('email'), email(rows)] : [];
  return call('json_object', text(definition.key), value(rows), ...also);
}

function properties(rows: Relation, { definition, entities, says }: Message): Expr {
  const label = definition.kind === 'trait' ? 'trait_key' : 'audience_key';
  const named = definition.key === label ? [] : [text(label), json(definition.key)];
  const listed = entities && definition.key !== 'entities';
  return call(
    'json_object',
    ...named,
    text(definition.key),
    value(rows),
    ...(listed ? [text('entities'), entityLists(rows, entities, says)] : []),
  );
}

/** By entity what entered and what exited; of a message that says one of both, the other is empty. */
function entityLists(rows: Relation, { names, of }: EntityLists, says?: EntityDirection): Expr {
  const listed = (entity: string): readonly Expr[] =>
    DIRECTIONS.flatMap((direction) => [
      text(direction),
      says === undefined || says === direction ? of(rows, entity, direction) : json([]),
    ]);
  return call(
    'json_object',
    ...names.flatMap((entity) => [text(entity), call('json_object', ...listed(entity))]),
  );
}

function eventName(rows: Relation, { definition, destination, says }: Message): Expr {
  const { events } = destination;
  if (says) return json(says === 'entered' ? events.entity_entered : events.entity_exited);
  if (definition.kind === 'trait') return json(events.trait_computed);
  const entered = eq(c(rows, 'value'), text('true'));
  return caseWhen([{ when: entered, then: json(events.audience_entered) }], json(events.audience_exited));
}

function context(rows: Relation, message: Message): Expr {
  const personas = [text('personas'), json(personasOf(message))];
  if (message.type !== 'track') return call('json_object', ...personas);
  const known = call('is_not_null', c(rows, 'latest_email'));
  const contextTraits = caseWhen([{ when: known, then: call('json_object', text('email'), email(rows)) }]);
  return call('json_object', text('traits'), contextTraits, ...personas);
}

/** Those inside a journey are an audience like any other. */
const CLASSES: Readonly<Record<DefinitionKind, { prefix: string; computationClass: string }>> = {
  audience: { prefix: 'aud', computationClass: 'audience' },
  trait: { prefix: 'tra', computationClass: 'trait' },
  journey: { prefix: 'aud', computationClass: 'audience' },
  journey_step: { prefix: 'jst', computationClass: 'journey_step' },
};

function personasOf({ definition, namespace }: Message): Readonly<Record<string, string>> {
  const { prefix, computationClass } = CLASSES[definition.kind];
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, definition.key]))
    .digest('hex');
  return {
    computation_class: computationClass,
    computation_key: definition.key,
    computation_id: `${prefix}_${hash.slice(0, 27)}`,
    namespace,
  };
}
