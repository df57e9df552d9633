/** A key made legal: `Big Spenders` → `big_spenders`. Empty when nothing is left. */
export const validKey = (text: string): string => slug(text).slice(0, 255);

/** Lower-case letters, digits and underscores, as keys are and warehouses name things after what people wrote. */
export function slug(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
