/** Ways out of definitions: to which destination, with which messages, since when. */
import type { Definition, Destination, MessageType } from '../../models/definition.js';
import type { Relation } from '../ir/types.js';
import type { Level, ValueColumn } from '../bind/types.js';
import type { StateSchema } from './state.js';

/** What of a definition's entities goes a way: track messages carry them. */
export interface OutboxEntities {
  readonly names: readonly string[];
  /** Of these nothing went that way before. */
  readonly added: readonly string[];
  /** Of these only what enters or exits after this run is told. */
  readonly fromNow: readonly string[];
}

/** Audiences of people that messages are kept from, or from all others, each with what it is called in reports. */
export interface Withheld {
  readonly from: readonly {
    readonly key: string;
    readonly definitionNo: number;
    readonly members: boolean;
    readonly reason: string;
  }[];
}

/** One way out of a definition. */
export interface OutboxLink {
  readonly destination: Destination;
  readonly types: readonly MessageType[];
  /** Nothing was ever sent this way. */
  readonly isNew: boolean;
  /** A new way on which only what changes from now on is told. */
  readonly fromNow: boolean;
  /** A new way on which not even what the first run of the definition comes to is told. */
  readonly fromNext?: boolean;
  /** Whom of people it is kept from. Absent: nobody. */
  readonly withheld?: Withheld;
  /** Messages may have been taken back by runs before. */
  readonly takenBack?: boolean;
  /** Whoever has something is told it, whether or not they were told before. */
  readonly resend?: boolean;
  /** Absent: none. */
  readonly entities?: OutboxEntities;
  /** Addresses are kept: who was told by one is told the end. */
  readonly addresses?: boolean;
  /** Traits that go along with messages about people, and about accounts. Absent: none. */
  readonly along?: LinkTraits;
}

/** Where the value of a trait is. */
export type TraitPlace =
  | { readonly kind: 'custom'; readonly of: Level; readonly column: ValueColumn }
  | {
      readonly kind: 'values';
      readonly key: string;
      readonly definitionNo: number;
      /** Of a count, which is 0 where there is none. */
      readonly zero: boolean;
    }
  | {
      readonly kind: 'members';
      readonly key: string;
      readonly definitionNo: number;
      /** Of accounts, asked about their users. */
      readonly lifted: boolean;
    };

/** A trait by what it is called in messages. */
export interface TraitAlong {
  readonly as: string;
  readonly from: TraitPlace;
}

/** Traits by whose messages they go along with. */
export interface LinkTraits {
  readonly people: readonly TraitAlong[];
  readonly accounts: readonly TraitAlong[];
}

/** What state knows a way by: keys of its destination and its definition, neither of which can hold what parts them. */
export const wayKey = (destination: string, definition: string): string =>
  `${destination}\u0000${definition}`;

/** A definition and one way out of it. */
export interface OutboxWay {
  readonly definition: Definition;
  readonly definitionNo: number;
  readonly namespace: string;
  readonly link: OutboxLink;
}

/** A way by its number in a statement of many. */
export interface OutboxInput extends OutboxWay {
  readonly schema: StateSchema;
  readonly no: number;
  /** (identifier_type, identifier) of those whose ends alone are told; absent: everyone. */
  readonly leaving?: Relation;
}

/**
 * Whether it is known whom a way is kept from. What decides that reads some definitions, which are published though it fails:
 * until it was published once, they have nothing to say.
 */
export const isDecided = ({ link }: OutboxWay, isPublished: (key: string) => boolean): boolean =>
  link.withheld?.from.every(({ key }) => isPublished(key)) ?? true;

/** A way with what goes along of that alone which was published: of a definition that never was, nobody's value is known. */
export function alongOnly(way: OutboxWay, isPublished: (key: string) => boolean): OutboxWay {
  const { along } = way.link;
  if (!along) return way;
  const there = (all: readonly TraitAlong[]): readonly TraitAlong[] =>
    all.filter(({ from }) => from.kind === 'custom' || isPublished(from.key));
  return {
    ...way,
    link: { ...way.link, along: { people: there(along.people), accounts: there(along.accounts) } },
  };
}
