/** The links of a run's definitions that anything goes out on, and how. */
import {
  addressTypes,
  messageTypes,
  type Definition,
  type Destination,
  type DestinationLink,
  type MessageType,
  type Project,
} from '../../models/definition.js';
import { mayWithhold, withholdingOf } from '../../models/withholding.js';
import { CompilerBug } from '../diagnostics/index.js';
import { ADDRESSES } from './addresses.js';
import { wayKey, type LinkTraits, type OutboxLink, type Withheld } from './outbox-link.js';
import type { ExistingState } from './plan.js';

/** What of a run its links depend on. */
interface LinksInput {
  readonly project: Project;
  readonly existing: ExistingState;
  /** Those that the run computes. */
  readonly definitions: readonly { readonly definition: Definition; readonly definitionNo: number }[];
  /** The key of a destination that is told everything again. */
  readonly resend?: string;
}

/** Traits that go along with the messages of a definition, by destination. */
export type AlongByDestination = ReadonlyMap<string, LinkTraits>;

/** Whether a destination tells people by their addresses, or did. */
export const keepsAddresses = ({ project, existing }: Pick<LinksInput, 'project' | 'existing'>): boolean =>
  existing.tables.has(ADDRESSES) || project.destinations.some((one) => addressTypes(one).length > 0);

/** Whether messages may have been taken back: people were ever kept from being told anything. */
export const tookBack = ({ definitions }: Pick<ExistingState, 'definitions'>): boolean =>
  [...definitions.keys()].some(mayWithhold);

/** Where a definition's messages go: destinations that are enabled and take messages of its kind. */
export function linksOf(
  input: LinksInput,
  { definition, along }: { readonly definition: Definition; readonly along?: AlongByDestination },
): readonly OutboxLink[] {
  const { project, existing, resend } = input;
  const wasPublished = existing.definitions.get(definition.key)?.firstRunAt != null;
  return definition.destinations.flatMap((link) => {
    const destination = project.destinations.find(({ key }) => key === link.to);
    if (!destination)
      throw new CompilerBug(`definition ${definition.key} goes to ${link.to}, which does not exist`);
    const types = messageTypes(definition, link, destination);
    if (!destination.enabled || link.enabled === false || types.length === 0) return [];
    const way = wayKey(destination.key, definition.key);
    const isNew = !existing.connections.has(way);
    const before = existing.entityConnections.get(way) ?? [];
    // A duration reaches back, so only `history: false` starts with what is true when it is connected.
    const { history } = definition;
    const ignoresPast = history.mode === 'from_first_run' && history.before === undefined;
    const takesPast = destination.backfill !== false;
    const fromNow = wasPublished && (ignoresPast || !takesPast);
    const fromNext = isNew && !wasPublished && !takesPast;
    const goes = along?.get(destination.key);
    return [
      {
        destination,
        types,
        isNew,
        fromNow: isNew && fromNow,
        ...(fromNext && { fromNext }),
        ...(destination.key === resend && { resend: true }),
        ...withheldFrom(input, destination),
        ...(tookBack(existing) && { takenBack: true }),
        ...(goes && { along: goes }),
        ...(keepsAddresses(input) && { addresses: true }),
        ...entitiesOf(link, types, before, fromNow || fromNext),
      },
    ];
  });
}

/** Whom a destination is not told of. */
function withheldFrom(
  { project, existing, definitions }: LinksInput,
  destination: Destination,
): Pick<OutboxLink, 'withheld'> {
  const { not, all } = withholdingOf(project.config, destination);
  const audience = (key: string, members: boolean, reason: string): Withheld['from'][number] => {
    const computed = definitions.find(({ definition }) => definition.key === key);
    const definitionNo = computed?.definitionNo ?? existing.definitions.get(key)?.definitionNo;
    if (definitionNo === undefined) throw new CompilerBug(`nobody knows who is in ${key}`);
    return { key, definitionNo, members, reason };
  };
  const from = [
    ...not.map((key) => audience(key, true, 'suppressed')),
    ...all.map((key, i) => audience(key, false, `no consent: ${destination.consent?.[i]?.name ?? key}`)),
  ];
  return from.length === 0 ? {} : { withheld: { from } };
}

/** Entities go out with track messages. */
function entitiesOf(
  link: DestinationLink,
  types: readonly MessageType[],
  before: readonly string[],
  fromNow: boolean,
): Pick<OutboxLink, 'entities'> {
  const asked = link.entities ?? [];
  if (asked.length === 0 || !types.includes('track')) return {};
  const names = asked.map(({ entity }) => entity);
  const added = names.filter((name) => !before.includes(name));
  return { entities: { names, added, fromNow: fromNow ? added : [] } };
}
