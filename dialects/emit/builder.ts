/** The state of building one statement's query: its CTEs, its names, and which relations are shared. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { inputsOf } from '../../compiler/ir/relations.js';
import type { Expr, Relation, RelationKind, TableRef } from '../../compiler/ir/types.js';
import type { Params, Sql } from '../dialect.js';
import type { Block, Source } from './block.js';
import { blockOver, canInline, isBare } from './block.js';
import type { Cte, QueryShape } from './assemble.js';
import type { EmitEngine } from './engine.js';
import type { Writer } from './expressions.js';
import { write } from './expressions.js';
import { itemLines, pad } from './layout.js';
import { columnNames, NamePool, sanitised } from './names.js';
import { printQuery } from './print.js';
import { stableCte, withReads, type StableCte } from './stable.js';

/** Makes the block of a relation out of the blocks of its inputs: the table of `relations.ts`. */
export type BuildRelation = (relation: Relation, builder: QueryBuilder) => Block;

/** Builds one statement's query: its main block, and the CTEs it needs in dependency order. */
export class QueryBuilder {
  readonly ctes: Cte[] = [];
  /** Texts of the stable CTEs in use, those first that others read. */
  readonly finished: Sql[] = [];
  readonly #uses = new Map<Relation, number>();
  readonly #shared = new Map<Relation, () => Source>();
  readonly #names: NamePool;
  readonly #stable: ReadonlyMap<Relation, StableCte>;
  readonly #printed = new Set<StableCte>();

  /** @param prefix begins the names of CTEs made up here: inside a stable one they must not meet those outside */
  constructor(
    readonly engine: EmitEngine,
    readonly params: Params,
    readonly buildRelation: BuildRelation,
    root: Relation,
    private readonly prefix = '',
  ) {
    const found = new Set<Relation>();
    const tables = new Set<string>();
    countUses(root, root, this.#uses, tables, found);
    const stable = new Map([...found].map((relation) => [relation, this.#stableCte(relation)] as const));
    const names = [...withReads(stable.values())].flatMap((cte) => [...cte.names]);
    // A CTE called like a table would hide the table; and two of one name are none.
    if (names.some((name) => tables.has(name)) || new Set(names).size < names.length) {
      stable.clear();
      this.#uses.clear();
      countUses(root, undefined, this.#uses, tables, new Set());
    }
    this.#stable = stable;
    this.#names = new NamePool([...tables, ...(stable.size > 0 ? names : [])], engine.maxIdentifier);
  }

  #stableCte(stable: Relation): StableCte {
    return stableCte(this.engine, this.params, stable, (params, prefix, name) => {
      const inner = new QueryBuilder(this.engine, params, this.buildRelation, stable, prefix);
      const block = inner.open(stable);
      const query = printQuery(this.engine, params, block, columnNames(stable.columns), 1);
      return { ctes: [...inner.ctes, { name, query }], reads: inner.#printed };
    });
  }

  /** The whole query, printed. */
  query(root: Relation): QueryShape {
    const block = this.open(root);
    const names = new Map(root.columns.map(({ name }) => [name, name]));
    return printQuery(this.engine, this.params, block, names, 0);
  }

  /** The block of a relation, to build on; a shared one is a SELECT from its CTE. */
  open(relation: Relation): Block {
    const stable = this.#stable.get(relation);
    if (stable) return this.#openStable(relation, stable);
    if ((this.#uses.get(relation) ?? 0) < 2 || relation.kind === 'scan') return this.#build(relation);
    let source = this.#shared.get(relation);
    if (source === undefined) {
      const block = this.#build(relation);
      source = isBare(block) ? undefined : this.#cte(block, relation);
      if (source === undefined) return block;
      this.#shared.set(relation, source);
    }
    return blockOver(source());
  }

  /** Says of a relation made here that it is a CTE of its own. */
  apart<R extends Relation>(relation: R): R {
    this.#uses.set(relation, 2);
    return relation;
  }

  /** A new SELECT over what was built so far. */
  restart(block: Block, relation: Relation): Block {
    return blockOver(this.#cte(block, relation)());
  }

  /** A block whose columns are those of one table or CTE. */
  bareBlock(relation: Relation): Block {
    const block = this.open(relation);
    return isBare(block) ? block : this.restart(block, relation);
  }

  /** A block that a join can be added to; `merge: false` where conditions already in it must come first. */
  joinable(relation: Relation, merge: boolean, keys: readonly string[], residual: Expr | undefined): Block {
    const block = this.open(relation);
    const used: Expr[] = keys.map((name) => ({ kind: 'col', name, type: 'text' }));
    const fits = merge
      ? block.stage === 'rows' && canInline(block, residual ? [...used, residual] : used, true)
      : isBare(block);
    return fits ? block : this.restart(block, relation);
  }

  /** A SELECT that can be an operand of a set operation: mixed ones would need parentheses. */
  operand(relation: Relation): Block {
    const block = this.open(relation);
    return block.union === undefined ? block : this.restart(block, relation);
  }

  table(ref: TableRef, columns: Source['columns']): Source {
    const parts = [ref.catalog, ref.schema, ref.name].filter((part) => part !== undefined);
    const sql = parts.map((part) => this.engine.quoteIdentifier(part)).join('.');
    return { sql, hint: ref.name, columns, names: new Map(columns.map(({ name }) => [name, name])) };
  }

  /** What stands for a relation in a text that is not ours: a table's name, or that of a CTE with just its columns. */
  nameOf(relation: Relation): Sql {
    const block =
      relation.kind === 'scan' ? this.open(relation) : this.restart(this.open(relation), relation);
    const [from] = block.from;
    if (!from) throw new CompilerBug('a relation without a source');
    return from.source.sql;
  }

  values(rows: readonly (readonly Expr[])[], columns: Source['columns'], label: string): Block {
    const noColumn: Writer = {
      engine: this.engine,
      params: this.params,
      column: (column) => {
        throw new CompilerBug(`column ${column.name} in constant rows`);
      },
    };
    const names = columnNames(columns);
    const { constantRows, capabilities } = this.engine;
    if (constantRows) {
      const typed = columns.map(({ name, type }) => ({
        name: this.engine.quoteIdentifier(names.get(name) ?? name),
        type: this.engine.type(type),
      }));
      const written = rows.map((row) => row.map((expr) => write(expr, noColumn, 2)));
      return blockOver({ sql: constantRows(typed, written), hint: label, columns, names, derived: true });
    }
    const { valuesTable } = capabilities;
    const select = (items: readonly Expr[]): Block => ({
      ...blockOver(emptySource(label)),
      from: [],
      columns: new Map(columns.map(({ name }, i) => [name, items[i] ?? NEVER])),
      stage: 'finished',
    });
    if (rows.length === 0) {
      const block = select(columns.map(({ type }): Expr => ({ kind: 'null', type })));
      // Without VALUES there may be no WHERE without FROM either.
      const one: Source = { ...emptySource('one'), sql: '(select 1 as one)', derived: true };
      return { ...block, from: valuesTable ? [] : [{ source: one, on: [] }], where: [NEVER] };
    }
    if (!valuesTable) {
      const [first, ...others] = rows.map(select);
      if (!first) throw new CompilerBug('constant rows without a row');
      return others.length === 0 ? first : { ...first, union: { all: true, others } };
    }
    const tuples = rows.map((row) => `(${row.map((expr) => write(expr, noColumn, 2)).join(', ')})`);
    const sql = `(values${tuples.length === 1 ? ` ${tuples.join('')}` : `${itemLines(tuples, 1)}\n${pad(1)}`})`;
    const columnList = [...names.values()].map((name) => this.engine.quoteIdentifier(name));
    return blockOver({ sql, hint: label, columns, names, columnList });
  }

  #build(relation: Relation): Block {
    const block = this.buildRelation(relation, this);
    const named = relation.label !== undefined && relation.kind !== 'scan';
    return named ? { ...block, label: relation.label, hint: relation.label } : block;
  }

  #openStable(relation: Relation, cte: StableCte): Block {
    const add = (one: StableCte): void => {
      if (this.#printed.has(one)) return;
      one.reads.forEach(add);
      this.#printed.add(one);
      // Inside another stable relation it is printed by whoever uses that.
      if (this.prefix === '') this.finished.push(one.text);
    };
    add(cte);
    const sql = this.engine.quoteIdentifier(cte.name);
    return blockOver({
      sql,
      hint: cte.name,
      columns: relation.columns,
      names: columnNames(relation.columns),
    });
  }

  /** Makes a block a CTE; the result names it anew for each use. */
  #cte(block: Block, relation: Relation): () => Source {
    const base = sanitised(block.label ?? block.hint);
    const name = this.#names.take(
      this.prefix + (block.label === undefined ? `${base}_${SUFFIX[relation.kind]}` : base),
    );
    const { columns } = relation;
    const names = columnNames(columns);
    this.ctes.push({ name, query: printQuery(this.engine, this.params, block, names, 1) });
    const sql = this.engine.quoteIdentifier(name);
    return () => ({ sql, hint: name, base, columns, names });
  }
}

const SUFFIX: Record<RelationKind, string> = {
  scan: 'rows',
  filter: 'filtered',
  project: 'values',
  aggregate: 'grouped',
  join: 'joined',
  semi_join: 'kept',
  anti_join: 'kept',
  union: 'together',
  window: 'numbered',
  unnest: 'elements',
  nearest: 'followed',
  query: 'query',
  values: 'given',
};

const NEVER: Expr = { kind: 'lit', literal: { type: 'bool', value: false } };

const emptySource = (hint: string): Source => ({ sql: '', hint, columns: [], names: new Map() });

/** Counts how often each relation object is used, and gathers table names and, unless told not to, stable relations. */
function countUses(
  relation: Relation,
  root: Relation | undefined,
  uses: Map<Relation, number>,
  tables: Set<string>,
  stable: Set<Relation>,
): void {
  if (root !== undefined && relation.stable && relation !== root) {
    stable.add(relation);
    return;
  }
  const count = (uses.get(relation) ?? 0) + 1;
  uses.set(relation, count);
  if (count > 1) return;
  if (relation.kind === 'scan') tables.add(relation.table.name.toLowerCase());
  if (relation.kind === 'query') relation.mentions.forEach((name) => tables.add(name));
  for (const input of inputsOf(relation)) countUses(input, root, uses, tables, stable);
}
