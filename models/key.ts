/** A key made legal: `Big Spenders` → `big_spenders`. Empty when nothing is left. */
export function validKey(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 255);
}
