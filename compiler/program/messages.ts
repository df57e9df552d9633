/** Messages to destinations: payloads in Segment's shapes and their stable ids (SEMANTICS §7). */
import { createHash } from 'node:crypto';
import type {
  Definition,
  DefinitionKind,
  Destination,
  MessageType,
  ReceiverType,
} from '../../models/definition.js';
import { as, c, call, caseWhen, eq, extend, int, lit, nul, or, param, project, text } from '../ir/build.js';
import { CompilerBug } from '../diagnostics/index.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { traitValue } from './along.js';
import { AS_OF } from './identity.js';
import type { TraitAlong } from './outbox-link.js';

export interface Message {
  readonly type: MessageType;
  readonly definition: Definition;
  readonly destination: Destination;
  readonly namespace: string;
  /** Traits that go along with it. */
  readonly along?: readonly TraitAlong[];
  /** Whether its receiver may be an address. */
  readonly addresses?: boolean;
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
const MESSAGE_ID_PREFIX = 'rc_';

/** Which parts a payload has. */
type Shape = 'identify' | 'identify_email' | 'track' | 'track_unnamed' | 'group';

/** How a payload is made. Two of one name are the same. */
export interface Form {
  readonly name: string;
  readonly shape: Shape;
  readonly along: readonly TraitAlong[];
  /** Whether receivers may be addresses. */
  readonly addresses: boolean;
  /** Whether `phone` among its traits is what the definition came to: then it is nobody's number. */
  readonly ownsPhone: boolean;
}

const TYPE_OF: Readonly<Record<Shape, MessageType>> = {
  identify: 'identify',
  // A definition that is itself called `email` has the name to itself, as others have those of their keys' labels.
  identify_email: 'identify',
  track: 'track',
  track_unnamed: 'track',
  group: 'group',
};

export function formOf({ along = [], addresses = false, ...message }: Message): Form {
  const shape = shapeOf(message);
  const said = createHash('sha256').update(JSON.stringify(along)).digest('hex');
  const ownsPhone = addresses && shape === 'identify' && message.definition.key === 'phone';
  const parts = [
    ...(addresses ? ['addresses'] : []),
    ...(ownsPhone ? ['phone'] : []),
    ...(along.length === 0 ? [] : [said.slice(0, 8)]),
  ];
  return { name: [shape, ...parts].join(' '), shape, along, addresses, ownsPhone };
}

function shapeOf({ type, definition: { kind, key } }: Pick<Message, 'type' | 'definition'>): Shape {
  switch (type) {
    case 'identify':
      return key === 'email' ? 'identify_email' : 'identify';
    case 'track':
      return key === labelOf(kind) ? 'track_unnamed' : 'track';
    case 'group':
      return 'group';
  }
}

const labelOf = (kind: DefinitionKind): string => (kind === 'trait' ? 'trait_key' : 'audience_key');

/** What is the same in all messages of a type that go a way. */
export const CONSTANTS: readonly Column[] = [
  { name: 'destination_key', type: 'text' },
  { name: 'definition_key', type: 'text' },
  { name: 'message_type', type: 'text' },
  { name: 'form', type: 'text' },
  { name: 'fixed', type: 'text' },
  { name: 'label', type: 'text' },
  { name: 'event_true', type: 'json' },
  { name: 'event_other', type: 'json' },
  { name: 'personas', type: 'json' },
];

/** The values of CONSTANTS. */
export function constantsOf(message: Message): readonly Expr[] {
  const { type, definition, destination } = message;
  const { events } = destination;
  const isTrait = definition.kind === 'trait';
  return [
    text(destination.key),
    text(definition.key),
    text(type),
    text(formOf(message).name),
    text(fixedOf(message)),
    text(labelOf(definition.kind)),
    json(isTrait ? events.trait_computed : events.audience_entered),
    json(isTrait ? events.trait_computed : events.audience_exited),
    json(personasOf(message)),
  ];
}

/** What a message id is made of besides what varies. */
const fixedOf = ({ type, definition, destination }: Message, says?: EntityDirection): string =>
  JSON.stringify([destination.key, definition.key, type, ...(says ? [says] : [])]);

/** What a message tells of entities. */
export interface Tells {
  readonly message: Message;
  readonly lists: EntityLists;
  /** What it says, if not what has become of the definition: rows of entities of one who stays a member. */
  readonly says?: EntityDirection;
}

/**
 * Columns of `outbox` from rows of CONSTANTS and (identifier_type, identifier, value, repeats, profile_id, latest_email).
 *
 * @param rows also what goes along with any of the forms, as `withTraits` puts it there
 * @param forms those among the rows
 * @param tells rows of entities that they carry, where their way asks for them; of track messages only
 */
export function messageRows(rows: Relation, forms: readonly Form[], tells?: Tells): Relation {
  const identified = extend(rows, [as('message_id', messageId(rows, tells))]);
  const dumped = (form: Form): Expr => call('json_dump', payload(identified, form, tells));
  const [last, ...others] = [...forms].reverse();
  if (!last) throw new CompilerBug('messages of no form');
  const whens = others.reverse().map((form) => ({
    when: eq(c(identified, 'form'), text(form.name)),
    then: dumped(form),
  }));
  return project(identified, [
    ...['message_id', 'destination_key', 'definition_key', 'profile_id'].map((name) =>
      as(name, c(identified, name)),
    ),
    as('run_id', param('run_id', 'text')),
    as('payload', whens.length === 0 ? dumped(last) : caseWhen(whens, dumped(last))),
    as('created_at', param('started_at', 'timestamp')),
    ...['message_type', 'identifier_type', 'identifier', 'value'].map((name) =>
      as(name, c(identified, name)),
    ),
    as('run_no', param('run_no', 'int')),
  ]);
}

/**
 * A hash of everything that makes a message one of its own. What varies is a time, then a JSON value, both of
 * which say themselves where they end, then the identifier; so no two messages hash the same text. One
 * `as_of` computed again over late data may tell an identifier something, take it back, and tell it again:
 * that is a message of its own too, and what came before it at that `as_of` is counted in front.
 */
function messageId(rows: Relation, tells?: Tells): Expr {
  const says = tells?.says;
  const varying = [
    c(rows, 'identifier_type'),
    call('ts_text', AS_OF),
    c(rows, 'value'),
    ...(says ? [call('json_dump', entityLists(rows, tells.lists, says))] : []),
    c(rows, 'identifier'),
  ];
  const parts = varying.flatMap((part) => [text(' '), part]);
  const repeats = c(rows, 'repeats');
  const again = caseWhen(
    [{ when: call('gt', repeats, int(0)), then: call('concat', text(' '), call('number_text', repeats)) }],
    text(''),
  );
  const fixed = says ? text(fixedOf(tells.message, says)) : c(rows, 'fixed');
  return call('concat', text(MESSAGE_ID_PREFIX), call('sha256_hex', call('concat', fixed, again, ...parts)));
}

const json = (value: unknown): Expr => lit({ type: 'json', value: JSON.stringify(value) });

function payload(rows: Relation, form: Form, tells?: Tells): Expr {
  const type = TYPE_OF[form.shape];
  const body =
    type === 'track'
      ? [text('properties'), properties(rows, form, tells)]
      : [text('traits'), traits(rows, form)];
  return call(
    'json_object',
    text('type'),
    json(type),
    ...(type === 'track' ? [text('event'), eventName(rows, tells)] : []),
    ...receiver(rows, type, form),
    ...body,
    text('messageId'),
    call('text_json', c(rows, 'message_id')),
    text('timestamp'),
    call('text_json', call('ts_text', AS_OF)),
    text('context'),
    context(rows, type, form),
  );
}

/** Whoever is told by an address has neither. */
function receiver(rows: Relation, type: Message['type'], { addresses }: Form): readonly Expr[] {
  const identifier = call('text_json', c(rows, 'identifier'));
  if (type === 'group') return [text('groupId'), identifier];
  const isUser = isOf(rows, 'user_id');
  const isOther = addresses ? isOf(rows, 'anonymous_id') : call('not', isUser);
  return [
    text('userId'),
    caseWhen([{ when: isUser, then: identifier }]),
    text('anonymousId'),
    caseWhen([{ when: isOther, then: identifier }]),
  ];
}

const isOf = (rows: Relation, type: ReceiverType): Expr => eq(c(rows, 'identifier_type'), text(type));

const value = (rows: Relation): Expr => call('parse_json', c(rows, 'value'));

/** The latest email; of a message to an address that address, and no other. */
function email(rows: Relation, { addresses }: Form): Expr {
  const latest = c(rows, 'latest_email');
  if (!addresses) return call('text_json', latest);
  const own = [
    { when: isOf(rows, 'email'), then: c(rows, 'identifier') },
    { when: isOf(rows, 'phone'), then: nul('text') },
  ];
  return call('text_json', caseWhen(own, latest));
}

/** `phone`, where a message goes to one. */
function phone(rows: Relation, { addresses, along }: Form): readonly Expr[] {
  if (!addresses || along.some((one) => one.as === 'phone')) return [];
  const own = caseWhen([{ when: isOf(rows, 'phone'), then: c(rows, 'identifier') }]);
  return [text('phone'), call('text_json', own)];
}

/** A trait that is called `email` takes the place of the profile's. */
function traits(rows: Relation, form: Form): Expr {
  const { shape, along } = form;
  const isNamed = shape !== 'identify' || along.some((one) => one.as === 'email');
  const also = isNamed ? [] : [text('email'), email(rows, form)];
  const reached = shape === 'group' || form.ownsPhone ? [] : phone(rows, form);
  return call(
    'json_object',
    c(rows, 'definition_key'),
    value(rows),
    ...also,
    ...reached,
    ...pairs(rows, along),
  );
}

const pairs = (rows: Relation, along: readonly TraitAlong[]): readonly Expr[] =>
  along.flatMap((one) => [text(one.as), traitValue(rows, one)]);

function properties(rows: Relation, form: Form, tells?: Tells): Expr {
  const key = c(rows, 'definition_key');
  const named = form.shape === 'track_unnamed' ? [] : [c(rows, 'label'), call('text_json', key)];
  const listed = tells && tells.message.definition.key !== 'entities';
  return call(
    'json_object',
    ...named,
    key,
    value(rows),
    ...(listed ? [text('entities'), entityLists(rows, tells.lists, tells.says)] : []),
    ...pairs(rows, form.along),
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

function eventName(rows: Relation, tells?: Tells): Expr {
  if (tells?.says) {
    const { events } = tells.message.destination;
    return json(tells.says === 'entered' ? events.entity_entered : events.entity_exited);
  }
  const entered = eq(c(rows, 'value'), text('true'));
  return caseWhen([{ when: entered, then: c(rows, 'event_true') }], c(rows, 'event_other'));
}

function context(rows: Relation, type: MessageType, form: Form): Expr {
  const personas = [text('personas'), c(rows, 'personas')];
  if (type !== 'track') return call('json_object', ...personas);
  const hasEmail = call('is_not_null', c(rows, 'latest_email'));
  const isReached = [isOf(rows, 'email'), isOf(rows, 'phone')];
  const known = form.addresses ? or(hasEmail, ...isReached) : hasEmail;
  const said = [text('email'), email(rows, form), ...phone(rows, { ...form, along: [] })];
  const contextTraits = caseWhen([{ when: known, then: call('json_object', ...said) }]);
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
