/** Keys and everything they read, at any distance. */
export function upstreamOf(
  keys: Iterable<string>,
  upstream: (key: string) => Iterable<string>,
): ReadonlySet<string> {
  const found = new Set(keys);
  // A Set visits what is added on the way.
  for (const key of found) for (const one of upstream(key)) found.add(one);
  return found;
}
