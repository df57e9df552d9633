/**
 * Who messages are kept from: people who are suppressed, and those without consent. Each is an audience of its own, computed
 * from what the project says as any other, which anybody can look at.
 */
import type { Destination, Project, ProjectConfig } from './definition.js';

export const SUPPRESSED = 'suppressed';

const CONSENT = 'consent_';

/** The key of the audience of those who consent to a category. */
export const consentKey = (category: string): string => `${CONSENT}${category}`;

/** Whether a key may be that of an audience that decides whom destinations are told of. */
export const mayWithhold = (key: string): boolean => key === SUPPRESSED || key.startsWith(CONSENT);

/** The event that carries preferences, as Segment's consent tools send it when they change. */
export const PREFERENCE_EVENT = 'Segment Consent Preference Updated';

/** Where its context has that of a category; a dot in a name is no step. */
export const preferencePath = (category: string): string =>
  `consent.categoryPreferences.${category.replaceAll('.', '\\.')}`;

/** Keys of the audiences that decide whom any destination is told of. */
export const withholdingKeys = ({ suppress, consent = {} }: ProjectConfig): readonly string[] => [
  ...(suppress ? [SUPPRESSED] : []),
  ...Object.keys(consent).map(consentKey),
];

/** Of these the ones that decide for a destination: nobody of `not` is told of, and nobody who is not in all of `all`. */
export function withholdingOf(
  { suppress }: Project['config'],
  { consent = [] }: Pick<Destination, 'consent'>,
): { readonly not: readonly string[]; readonly all: readonly string[] } {
  return { not: suppress ? [SUPPRESSED] : [], all: consent.map(({ name }) => consentKey(name)) };
}
