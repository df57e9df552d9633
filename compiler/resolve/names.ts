import { ownerOf, type Definition, type TraitDefinition } from '../../models/definition.js';
import type { Vocabulary } from '../bind/index.js';
import type { CatalogColumn, Level } from '../bind/types.js';
import type { ColumnKind } from '../ir/types.js';
import { traitShape, type TraitTarget } from '../lower/index.js';
import type { BoundQueries, SqlQuery } from '../sql/index.js';

/** What trait names mean in a project (SEMANTICS §5): a definition's key wins over a custom trait. */
export class Names {
  private readonly byKey: ReadonlyMap<string, Definition>;

  constructor(
    definitions: readonly Definition[],
    private readonly sources: readonly Vocabulary[],
    private readonly queries: BoundQueries,
  ) {
    this.byKey = new Map(definitions.map((d) => [d.key, d]));
  }

  definition(key: string): Definition | undefined {
    return this.byKey.get(key);
  }

  /** What a key names: a definition or, where its query has one column, the trait that is. */
  reference(key: string): Definition | undefined {
    const found = this.byKey.get(key);
    if (!found || found.output || found.kind !== 'trait' || found.value.kind !== 'sql') return found;
    const outputs = this.outputs(key);
    const [only] = outputs;
    if (outputs.includes(key)) return found;
    return outputs.length === 1 && only !== undefined ? this.byKey.get(only) : undefined;
  }

  /** What the query of a SQL trait publishes; nothing of another definition, or while its columns are not known. */
  outputs(key: string): readonly string[] {
    return this.queries.bound.get(key)?.outputs.map((output) => output.key) ?? [];
  }

  query(key: string): SqlQuery | undefined {
    return this.queries.read.get(key);
  }

  keys(): readonly string[] {
    return [...this.byKey.values()].filter((d) => this.reference(d.key) === d).map((d) => d.key);
  }

  /** SQL traits whose columns are not known: any key may be one of them. */
  untyped(): readonly TraitDefinition[] {
    return this.queries.unknown;
  }

  /** The target of a trait path; undefined when nothing has that name. */
  trait(path: string, of: Level): TraitTarget | undefined {
    const exact = this.reference(path);
    if (exact && readableBy(exact, of)) return this.target(exact);
    return this.isCustom(path, of) ? { kind: 'custom', path } : undefined;
  }

  private target(definition: Definition): TraitTarget {
    if (definition.kind !== 'trait') return { kind: 'audience', key: definition.key, of: definition.of };
    const { key, value } = definition;
    if (value.kind === 'reduced') return { kind: 'computed', key, ...traitShape(value.reducer) };
    const output = this.queries.bound.get(ownerOf(definition).key)?.outputs.find((one) => one.key === key);
    return { kind: 'computed', key, numeric: isNumeric(output?.column), zero: false };
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
    return [...this.byKey.values()].filter((d) => d.kind !== 'trait' && readableBy(d, of)).map((d) => d.key);
  }
}

/** A user is asked for audiences of its accounts too; which of several accounts' values a trait had is not told. */
export const readableBy = (definition: Definition, of: Level): boolean =>
  definition.of === of || (definition.kind !== 'trait' && of === 'users');

const NUMERIC: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['int', 'decimal', 'wide_decimal', 'float']);
const isNumeric = (column: CatalogColumn | undefined): boolean =>
  column !== undefined && NUMERIC.has(column.kind);
