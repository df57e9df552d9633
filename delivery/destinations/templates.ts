/** Headers that speak of what is sent: `{{definition}}` in a value becomes the key of the messages' definition. */
import { orList } from '../../compiler/diagnostics/suggest.js';
import type { GroupingColumn, OutboxMessage, SettingsProblem } from '../destination.js';
import { textsSetting } from '../settings.js';

interface Placeholder {
  /** What the messages of a request must have in common for it. */
  readonly groupBy: readonly GroupingColumn[];
  readonly value: (message: OutboxMessage | undefined, destination: string) => string;
}

/** All are keys, words and hashes of ours: whatever a profile is called, a header stays one. */
const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  destination: { groupBy: [], value: (_, destination) => destination },
  definition: { groupBy: ['definition'], value: (message) => message?.definition ?? '' },
  type: { groupBy: ['type'], value: (message) => message?.type ?? '' },
  message_id: { groupBy: ['messageId'], value: (message) => message?.messageId ?? '' },
};

const PATTERN = /\{\{([^{}]*)\}\}/g;

const placeholders = (text: string): readonly string[] =>
  [...text.matchAll(PATTERN)].map(([, name = '']) => name.trim());

/** What the messages of a request must have in common for these headers. */
export const groupsOf = (headers: Readonly<Record<string, string>>): readonly GroupingColumn[] => [
  ...new Set(
    Object.values(headers)
      .flatMap(placeholders)
      .flatMap((name) => PLACEHOLDERS[name]?.groupBy ?? []),
  ),
];

/** The headers of a request; `first` is any of its messages. */
export function fill(
  headers: Readonly<Record<string, string>>,
  destination: string,
  first: OutboxMessage | undefined,
): Readonly<Record<string, string>> {
  const filled = (text: string): string =>
    text.replace(PATTERN, (_, name: string) => PLACEHOLDERS[name.trim()]?.value(first, destination) ?? '');
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, filled(text)]));
}

/** Placeholders that there are none of. */
export function checkTemplates(settings: Readonly<Record<string, unknown>>): readonly SettingsProblem[] {
  const known = Object.keys(PLACEHOLDERS);
  return Object.entries(textsSetting(settings, 'headers')).flatMap(([header, text]) =>
    placeholders(text)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        message: `the header "${header}" holds {{${name}}}, which there is not`,
        hint: `there are ${orList(known.map((each) => `{{${each}}}`))}`,
        setting: 'headers',
      })),
  );
}
