/** What alerts name has to be there: definitions, tags, destinations, channels. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import type { NameRef } from '../alerts.js';
import type { Definition, ProjectConfig, Spans } from '../definition.js';
import { spanOf } from '../source/spans.js';

interface Known {
  readonly definitions: readonly Definition[];
  /** Keys that files claim, broken ones too. */
  readonly keys: ReadonlySet<string>;
  readonly destinations: ReadonlySet<string>;
}

/** What is wrong with the names in alerts, and with theirs. */
export function alertProblems(
  { alerts = [], channels = {}, targets = {} }: Partial<ProjectConfig>,
  { definitions, keys, destinations }: Known,
  spans: Spans,
): readonly Diagnostic[] {
  const all = new Set([...keys, ...definitions.map(({ key }) => key)]);
  const tags = new Set(definitions.flatMap((definition) => definition.tags));
  const channelNames = new Set(Object.keys(channels));
  const known = (what: string, names: ReadonlySet<string>, refs: readonly NameRef[] = []): Diagnostic[] =>
    refs.flatMap((ref) => (names.has(ref.name) ? [] : [unknown(what, ref, names, spans)]));
  const seen = new Set<string>();
  const targetNames = new Set(Object.keys(targets));
  const ofChannels = Object.values(channels).flatMap((channel) =>
    known('target', targetNames, channel.targets),
  );
  const ofAlerts = alerts.flatMap((alert): readonly Diagnostic[] => {
    const { name, rule, to } = alert;
    const again = seen.has(name);
    seen.add(name);
    return [
      ...(again
        ? [
            {
              code: 'duplicate-key' as const,
              severity: 'error' as const,
              message: `two alerts are called ${JSON.stringify(name)}`,
              hint: 'give each a "name" of its own',
              ...spanOf(spans, alert),
            },
          ]
        : []),
      ...('destinations' in rule ? known('destination', destinations, rule.destinations) : []),
      ...('definitions' in rule ? known('definition', all, rule.definitions) : []),
      ...('tags' in rule ? known('tag', tags, rule.tags) : []),
      ...known('channel', channelNames, to),
    ];
  });
  return [...ofChannels, ...ofAlerts];
}

function unknown(what: string, ref: NameRef, names: ReadonlySet<string>, spans: Spans): Diagnostic {
  const none = what === 'channel' ? 'add one under "channels"' : `the project has no ${what}s`;
  const listed = names.size <= 10 ? `the ${what}s are ${orList([...names])}` : undefined;
  const hint = names.size === 0 ? none : (didYouMean(ref.name, names) ?? listed);
  return {
    code: 'unknown-reference',
    severity: 'error',
    message:
      what === 'tag'
        ? `no definition has the tag ${JSON.stringify(ref.name)}`
        : `there is no ${what} ${JSON.stringify(ref.name)}`,
    ...(hint !== undefined && { hint }),
    ...spanOf(spans, ref),
  };
}
