/** Objects of JSON of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** The object under a name; undefined where there is something else, or nothing. */
export function objectIn(parent: Json, name: string): Record<string, unknown> | undefined {
  const value = parent[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}
