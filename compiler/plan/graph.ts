/** The graph of definitions: who reads whom. */

/**
 * Keys in an order in which each comes after what it reads. `cycles` names circles that share no key, and one at
 * least where there is any: mistakes that have nothing to do with each other are all told, and a tangle is told once.
 */
export function topological(upstream: ReadonlyMap<string, ReadonlySet<string>>): {
  readonly order: readonly string[];
  readonly cycles: readonly (readonly string[])[];
} {
  const order: string[] = [];
  const cycles: string[][] = [];
  const told = new Set<string>();
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];

  // An explicit stack of iterators: ten thousand definitions in one chain are ordinary input.
  for (const root of upstream.keys()) {
    if (state.has(root)) continue;
    const stack = [{ key: root, next: iterator(upstream, root) }];
    state.set(root, 'open');
    trail.push(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const step = top.next.next();
      if (step.done) {
        state.set(top.key, 'done');
        order.push(top.key);
        trail.pop();
        stack.pop();
        continue;
      }
      const key = step.value;
      const seen = state.get(key);
      if (seen === 'open' && !told.has(key)) {
        const circle = trail.slice(trail.indexOf(key));
        if (!circle.some((k) => told.has(k))) cycles.push([...circle, key]);
        circle.forEach((k) => told.add(k));
      }
      if (seen) continue;
      state.set(key, 'open');
      trail.push(key);
      stack.push({ key, next: iterator(upstream, key) });
    }
  }
  return { order, cycles };
}

const iterator = (
  upstream: ReadonlyMap<string, ReadonlySet<string>>,
  key: string,
): Iterator<string, undefined> =>
  (upstream.get(key) ?? new Set<string>()).values() as Iterator<string, undefined>;

/** Everything reachable from `start` within `depth` steps, `start` included. */
export function reachable(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  start: Iterable<string>,
  depth = Infinity,
): ReadonlySet<string> {
  const found = new Set(start);
  let frontier = [...found];
  for (let step = 0; step < depth && frontier.length > 0; step++) {
    const next = frontier.flatMap((key) => [...(edges.get(key) ?? [])]).filter((key) => !found.has(key));
    next.forEach((key) => found.add(key));
    frontier = [...new Set(next)];
  }
  return found;
}

/** The edges the other way round. */
export function reversed(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const result = new Map<string, Set<string>>([...edges.keys()].map((key) => [key, new Set<string>()]));
  for (const [from, targets] of edges) {
    for (const to of targets) {
      const sources = result.get(to) ?? new Set<string>();
      sources.add(from);
      result.set(to, sources);
    }
  }
  return result;
}
