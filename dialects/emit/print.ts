/** A finished block as the clauses of a SELECT. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Expr } from '../../compiler/ir/types.js';
import type { Params, Sql } from '../dialect.js';
import type { Block, BoundColumn, Exists, FromItem, Item, Source } from './block.js';
import { callsBeside, type CallExpr } from './beside.js';
import type { QueryShape, SelectClauses } from './assemble.js';
import type { EmitEngine } from './engine.js';
import type { ColumnExpr, Writer } from './expressions.js';
import { write, writeConjunction } from './expressions.js';
import { conjunctLines, itemLines, pad } from './layout.js';
import { initials } from './names.js';

/** Prints a block at an indentation; `columns` orders and names its output. */
export function printQuery(
  engine: EmitEngine,
  params: Params,
  block: Block,
  names: ReadonlyMap<string, string>,
  indent: number,
): QueryShape {
  const output = [...names.values()];
  const items = [...names.keys()].map((name) => {
    const item = block.columns.get(name);
    if (item === undefined)
      throw new CompilerBug(`no column ${name} among ${[...block.columns.keys()].join(', ')}`);
    return item;
  });
  const operands = [
    new SelectPrinter(engine, params, block, items, indent),
    // The other operands of a set operation go by position.
    ...(block.union?.others ?? []).map(
      (other) => new SelectPrinter(engine, params, other, [...other.columns.values()], indent),
    ),
  ];
  return {
    selects: operands.map((operand) => operand.print(output)),
    operation: block.union?.all === false ? 'union' : 'union all',
  };
}

class SelectPrinter implements Writer {
  readonly #aliases = new Map<Source, string>();
  readonly #beside: ReadonlyMap<CallExpr, readonly CallExpr[]>;

  constructor(
    readonly engine: EmitEngine,
    readonly params: Params,
    private readonly block: Block,
    private readonly items: readonly Item[],
    private readonly indent: number,
  ) {
    // Of rows that are grouped some are computed below.
    const functions = block.stage === 'rows' ? engine.together : undefined;
    this.#beside = functions ? callsBeside(items, functions) : new Map();
  }

  beside(call: CallExpr): readonly CallExpr[] {
    return this.#beside.get(call) ?? [];
  }

  print(output: readonly string[]): SelectClauses {
    const { block, items, indent } = this;
    this.#nameSources(output);
    return {
      distinct: block.distinct,
      items: itemLines(
        items.map((item, i) => this.#item(item, output[i] ?? '')),
        indent,
      ),
      from:
        block.from.length === 0
          ? undefined
          : block.from.map((item) => this.#fromItem(item)).join(`\n${pad(indent)}`),
      where: this.#where(),
      groupBy: block.groupBy.length === 0 ? undefined : this.#groupBy(),
      having: block.having.length === 0 ? undefined : this.#conjunction(block.having),
    };
  }

  column(column: ColumnExpr): Sql {
    if (!('source' in column)) throw new CompilerBug(`column ${column.name} has no source`);
    const { source, name } = column as BoundColumn;
    const quoted = this.engine.quoteIdentifier(source.names.get(name) ?? name);
    const alias = this.#aliases.get(source);
    if (source.lateral && alias !== undefined) return source.lateral.column(alias);
    return alias === undefined ? quoted : `${alias}.${quoted}`;
  }

  /**
   * One source needs no alias, unless an output name hides a column of it: engines differ on which of the two
   * a name in WHERE, GROUP BY or HAVING means.
   */
  #nameSources(output: readonly string[]): void {
    const { from, where } = this.block;
    const [only] = from;
    const alone = from.length === 1 && !where.some((w) => w.kind === 'exists');
    const own = only?.source.columnList !== undefined || only?.source.derived === true;
    if (!only || (alone && !own && !this.#hides(only.source, output))) return;
    const used = new Set<string>();
    for (const { source } of from) this.#name(source, used);
    for (const w of where) if (w.kind === 'exists') this.#name(w.source, used);
  }

  #name(source: Source, used: Set<string>): void {
    const base = initials(source.hint);
    let alias = base;
    // quoteIdentifier leaves a name alone only when it is no keyword: `as` and `or` are initials too.
    for (let n = 2; used.has(alias) || this.engine.quoteIdentifier(alias) !== alias; n++)
      alias = `${base}${n}`;
    used.add(alias);
    this.#aliases.set(source, alias);
  }

  #item(item: Item, name: string): Sql {
    const sql =
      item.kind === 'opaque' ? item.write(this, this.indent + 1) : write(item, this, this.indent + 1);
    if (item.kind === 'opaque' && item.unnamed) return sql;
    const alias = this.engine.quoteIdentifier(name);
    const column = sql.endsWith(alias);
    const same =
      column && (sql === alias || [...this.#aliases.values()].some((source) => sql === `${source}.${alias}`));
    return same ? sql : `${sql} as ${alias}`;
  }

  /** Whether an output name is also the name of a column of the source, but not that column. */
  #hides(source: Source, output: readonly string[]): boolean {
    const own = new Set([...source.names.values()].map((name) => name.toLowerCase()));
    return this.items.some((item, i) => {
      const name = output[i] ?? '';
      if (!own.has(name.toLowerCase())) return false;
      return item.kind === 'opaque' || write(item, this, 0) !== this.engine.quoteIdentifier(name);
    });
  }

  #source(source: Source): Sql {
    const alias = this.#aliases.get(source);
    if (alias === undefined) return source.sql;
    const list = source.columnList === undefined ? '' : `(${source.columnList.join(', ')})`;
    return `${source.sql} as ${alias}${list}`;
  }

  #fromItem({ source, join, on }: FromItem): Sql {
    if (source.lateral)
      return source.lateral.item(this, this.#aliases.get(source) ?? source.hint, this.indent);
    const sql = this.#source(source);
    if (join === undefined) return sql;
    if (on.length === 0) return `${join} ${sql}`;
    return `${join} ${sql} on ${conjunctLines(writeConjunction(on, this, this.indent), this.indent)}`;
  }

  #where(): Sql | undefined {
    const { where } = this.block;
    if (where.length === 0) return undefined;
    const [only] = where;
    if (where.length === 1 && only && only.kind !== 'exists') return this.#conjunction([only]);
    const conjuncts = where.flatMap((w) =>
      w.kind === 'exists' ? [this.#exists(w)] : writeConjunction([w, ALWAYS], this, this.indent).slice(0, -1),
    );
    return conjunctLines(conjuncts, this.indent);
  }

  #exists({ negated, source, on }: Exists): Sql {
    const inner = pad(this.indent + 2);
    const condition =
      on.length === 0
        ? ''
        : `\n${inner}where ${conjunctLines(writeConjunction(on, this, this.indent + 2), this.indent + 2)}`;
    const body = `select 1\n${inner}from ${this.#source(source)}${condition}`;
    return `${negated ? 'not ' : ''}exists (\n${inner}${body}\n${pad(this.indent + 1)})`;
  }

  #conjunction(exprs: readonly Expr[]): Sql {
    return conjunctLines(writeConjunction(exprs, this, this.indent), this.indent);
  }

  /** Keys in the select list go by position, which no engine can mistake for a column or an alias. */
  #groupBy(): Sql {
    const keys = this.block.groupBy.map((key) => {
      const position = this.items.indexOf(key);
      if (position >= 0) return String(position + 1);
      const sql = write(key, this, this.indent + 1);
      const constant = key.kind === 'lit' || key.kind === 'param';
      const type = key.kind === 'lit' ? key.literal.type : key.type;
      return constant ? `cast(${sql} as ${this.engine.type(type)})` : sql; // a bare 1 would be a position
    });
    return keys.join(', ');
  }
}

/** A second conjunct, so that a first OR gets its parentheses. */
const ALWAYS: Expr = { kind: 'lit', literal: { type: 'bool', value: true } };
