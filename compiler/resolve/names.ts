import type { Definition } from '../../models/definition.js';
import type { BoundSource } from '../bind/index.js';
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
    if (exact) return target(exact);
    return this.isCustom(path) ? { kind: 'custom', path } : undefined;
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

function target(definition: Definition): TraitTarget {
  if (definition.kind === 'audience') return { kind: 'audience', key: definition.key };
  const shape =
    definition.value.kind === 'reduced'
      ? traitShape(definition.value.reducer)
      : { numeric: false, zero: false };
  return { kind: 'computed', key: definition.key, ...shape };
}
