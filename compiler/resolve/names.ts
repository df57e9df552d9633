import type { Definition } from '../../models/definition.js';
import type { BoundSource } from '../bind/index.js';
import { pathSteps } from '../bind/paths.js';
import { traitShape, type TraitTarget } from '../lower/index.js';

/** What trait names mean in a project (SEMANTICS §5): a definition's key wins over a custom trait. */
export class Names {
  private readonly byKey: ReadonlyMap<string, Definition>;

  constructor(
    definitions: readonly Definition[],
    private readonly sources: readonly BoundSource[],
  ) {
    this.byKey = new Map(definitions.map((d) => [d.key, d]));
  }

  definition(key: string): Definition | undefined {
    return this.byKey.get(key);
  }

  /** The target of a trait path; undefined when nothing has that name. */
  trait(path: string): TraitTarget | undefined {
    const exact = this.byKey.get(path);
    if (exact) return target(exact, []);
    if (this.isCustom(path)) return { kind: 'custom', path };
    // A computed trait may hold an object (`first`, `last`): a path that no custom trait has steps into it.
    const [first = '', ...rest] = pathSteps(path);
    const outer = rest.length > 0 ? this.byKey.get(first) : undefined;
    return outer?.kind === 'trait' ? target(outer, rest) : undefined;
  }

  isCustom(path: string): boolean {
    return this.sources.some((source) => source.hasTrait(path));
  }

  /** Names a mistaken trait reference could have meant. */
  traitNames(): readonly string[] {
    return [...new Set([...this.byKey.keys(), ...this.sources.flatMap((source) => source.traitNames())])];
  }

  audienceNames(): readonly string[] {
    return [...this.byKey.values()].filter((d) => d.kind === 'audience').map((d) => d.key);
  }
}

function target(definition: Definition, steps: readonly string[]): TraitTarget {
  if (definition.kind === 'audience') return { kind: 'audience', key: definition.key };
  const shape =
    definition.value.kind === 'reduced'
      ? traitShape(definition.value.reducer)
      : { numeric: false, zero: false };
  return { kind: 'computed', key: definition.key, ...shape, steps };
}
