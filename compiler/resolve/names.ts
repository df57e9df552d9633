import type { Definition } from '../../models/definition.js';
import type { BoundSource } from '../bind/index.js';
import type { Level } from '../bind/types.js';
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
  trait(path: string, of: Level): TraitTarget | undefined {
    const exact = this.byKey.get(path);
    if (exact && readableBy(exact, of)) return target(exact);
    return this.isCustom(path, of) ? { kind: 'custom', path } : undefined;
  }

  isCustom(path: string, of: Level): boolean {
    return this.sources.some((source) => source.hasTrait(path, of));
  }

  /** Names a mistaken trait reference could have meant. */
  traitNames(of: Level): readonly string[] {
    const keys = [...this.byKey.values()].filter((d) => readableBy(d, of)).map((d) => d.key);
    return [...new Set([...keys, ...this.sources.flatMap((source) => source.traitNames(of))])];
  }

  audienceNames(of: Level): readonly string[] {
    return [...this.byKey.values()]
      .filter((d) => d.kind === 'audience' && readableBy(d, of))
      .map((d) => d.key);
  }
}

/** A user is asked for audiences of its accounts too; which of several accounts' values a trait had is not told. */
export const readableBy = (definition: Definition, of: Level): boolean =>
  definition.of === of || (definition.kind === 'audience' && of === 'users');

function target(definition: Definition): TraitTarget {
  if (definition.kind === 'audience') return { kind: 'audience', key: definition.key, of: definition.of };
  const shape =
    definition.value.kind === 'reduced'
      ? traitShape(definition.value.reducer)
      : { numeric: false, zero: false };
  return { kind: 'computed', key: definition.key, ...shape };
}
