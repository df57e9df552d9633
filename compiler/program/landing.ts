/** Landing: from raw rows, each message once, to `landed`, `identity_pairs` and typed facts (SEMANTICS §3). */
import { columnsOf, sourceNeeds, type BoundSource } from '../bind/index.js';
import type { RowsOf } from '../bind/bound.js';
import type { Needs } from '../bind/types.js';
import type { Capabilities } from '../../dialects/dialect.js';
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  filter,
  int,
  oneRow,
  param,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import {
  auditedRows,
  correctedRows,
  goneFrom,
  countedAtOnce,
  countedRows,
  dedupeSteps,
  newRows,
  newSteps,
  windowsDone,
  type LandingTable,
} from './dedupe.js';
import { digestOf } from './digest.js';
import { factsMadeAnew, factsSteps } from './facts.js';
import { livingPairs, type Forgotten } from './forgotten.js';
import { scanSpec, touchedPairs } from './names.js';
import { changedPairs, pairsOf } from './pairs.js';
import { landedBefore, windowOf, type LandedBefore } from './landing-window.js';
import type { SourceLanding } from './plan.js';
import type { StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

export interface LandingInput {
  readonly schema: StateSchema;
  readonly source: BoundSource;
  readonly needs: Needs;
  readonly fingerprint: string;
  /** Why the source has to land in full; absent: what is new is enough. */
  readonly fullBecause?: string;
  /** No other source has state, so emptying a table needs no search. */
  readonly alone: boolean;
  /** Present where anybody was forgotten. */
  readonly forgotten?: Forgotten;
  readonly capabilities: LandingCapabilities;
}

/** What of an engine decides how landing reads raw tables. */
export type LandingCapabilities = Pick<
  Capabilities,
  'billedByColumn' | 'prunesAlternatives' | 'repeatsBySorting'
>;

/** The steps by which one source lands. */
export function landSource(input: LandingInput): SourceLanding {
  const { source, capabilities } = input;
  const needs = sourceNeeds(source, input.needs);
  const tables = source
    .tables(needs.events.map(({ event }) => event))
    .map((table): LandingTable => ({ source, table, columns: columnsOf(source, table, needs) }));
  const land = new Landing(input.schema, source, needs, tables, input, capabilities);
  const common = {
    source: source.name,
    full: land.full(input.fullBecause === undefined),
    factsFull: land.factsFull(input.fullBecause === undefined),
  };
  if (input.fullBecause !== undefined)
    return {
      ...common,
      mode: 'full',
      reason: input.fullBecause,
      prepare: [],
      incremental: [],
      factsIncremental: [],
      audit: land.audit(capabilities.billedByColumn),
    };
  return {
    ...common,
    mode: 'incremental',
    reason: 'rows since the last landing',
    prepare: land.prepare(),
    check: land.check(),
    incremental: land.incremental(),
    factsIncremental: land.factsIncremental(),
    audit: land.audit(true),
  };
}

class Landing {
  constructor(
    private readonly schema: StateSchema,
    private readonly source: BoundSource,
    private readonly needs: Needs,
    private readonly tables: readonly LandingTable[],
    private readonly of: Pick<LandingInput, 'fingerprint' | 'alone' | 'forgotten'>,
    private readonly capabilities: LandingCapabilities,
  ) {}

  /** @param tell whether identity asks whose pairs may have changed: those there were, and those there are. */
  full(tell: boolean): readonly Step[] {
    const rows = this.rows(this.counted());
    const messages = this.messages(rows);
    const touched = touchedPairs(this.source.name);
    const before = this.step('touched', 'who was seen with whom', {
      op: 'replace',
      spec: touched,
      query: this.storedPairs(),
    });
    const after = this.step('touched_now', 'who is seen with whom', {
      op: 'append',
      table: touched.table,
      query: this.storedPairs(),
    });
    return [
      ...(tell ? [...windowsDone(this.tables), before] : []),
      ...this.tables.flatMap((of) =>
        this.capabilities.billedByColumn
          ? [countedAtOnce(of)]
          : dedupeSteps(of, this.capabilities.repeatsBySorting),
      ),
      this.clear('landed'),
      this.step('landed', 'remembering what landed', {
        op: 'append',
        table: this.schema.ref('landed'),
        query: this.landed(messages),
      }),
      this.clear('identity_pairs'),
      this.step('pairs', 'who was seen with whom', {
        op: 'append',
        table: this.schema.ref('identity_pairs'),
        query: this.ofSource(this.pairs(messages)),
      }),
      ...(tell ? [after] : []),
      ...this.traitNames(rows),
      this.watermark(messages, undefined),
      factsMadeAnew(this.schema, `land.${this.source.name}.anew`),
    ];
  }

  prepare(): readonly Step[] {
    return newSteps(this.tables, (of) => windowOf(of, this.capabilities), this.landedBefore());
  }

  /** New rows, rows that landed again earlier than what counted until now, and messages that landed and are gone. */
  check(): Step {
    const [isNew, isCorrected, isGone] = [0, 1, 2];
    const flag = (rows: Relation, what: number): Relation => project(rows, [as('what', int(what))]);
    const all = union([
      ...this.tables.flatMap((of) => [flag(newRows(of), isNew), flag(correctedRows(of), isCorrected)]),
      flag(goneFrom(this.tables, this.landedBefore().recent), isGone),
    ]);
    const count = (what: number): Expr => agg('count', [], { filter: call('eq', c(all, 'what'), int(what)) });
    return this.step('check', 'counting new rows', {
      op: 'read',
      query: aggregate(
        all,
        [],
        [as('new_rows', count(isNew)), as('corrected', count(isCorrected)), as('gone', count(isGone))],
      ),
    });
  }

  incremental(): readonly Step[] {
    const rows = this.rows(newRows);
    const messages = this.messages(rows);
    const touched = touchedPairs(this.source.name);
    return [
      ...windowsDone(this.tables),
      this.step('landed', 'remembering what landed', {
        op: 'append',
        table: this.schema.ref('landed'),
        query: this.landed(messages),
      }),
      this.step('touched', 'who was seen with whom', {
        op: 'replace',
        spec: touched,
        query: changedPairs(this.pairs(messages), this.storedPairs()),
      }),
      this.step('pairs', 'remembering who was seen with whom', {
        op: 'merge',
        table: this.schema.ref('identity_pairs'),
        query: this.ofSource(scanSpec(touched)),
        keys: ['source', 'user_id', 'anonymous_id'],
        set: ['first_at', 'first_id', 'seen_at', 'device_at'],
        insert: true,
      }),
      ...this.traitNames(rows),
      this.watermark(messages, param('watermark', 'timestamp')),
    ];
  }

  /** @param keep whether a landing of what is new may be in its place, which keeps what it read */
  factsFull(keep: boolean): readonly Step[] {
    return this.facts('replace', this.counted(), keep);
  }

  factsIncremental(): readonly Step[] {
    return this.facts('append', newRows, true);
  }

  /** Each message once, in a full landing. */
  private counted(): (of: LandingTable) => Relation {
    return this.capabilities.billedByColumn ? newRows : countedRows;
  }

  private facts(
    op: 'replace' | 'append',
    of: (table: LandingTable) => Relation,
    keep: boolean,
  ): readonly Step[] {
    const { schema, source, needs } = this;
    const allTogether = this.capabilities.billedByColumn;
    return factsSteps({ schema, source, needs, op, keep, allTogether, rows: this.rows(of) });
  }

  /**
   * Rows that cannot count, for a warning; of an incremental landing, those of its window.
   *
   * @param read whether what was read of the tables is in temporary ones
   */
  audit(read: boolean): Step {
    const parts = this.tables.map((of) => {
      const rows = read ? auditedRows(of) : of.table.raw;
      const messages = this.source.messages(of.table, () => rows);
      return pick(messages, ['timestamp', 'message_id']);
    });
    const all = union(parts);
    const missing = (name: string): Expr => agg('count', [], { filter: call('is_null', c(all, name)) });
    return this.step('audit', 'rows left out', {
      op: 'read',
      query: aggregate(
        all,
        [],
        [as('rows_without_timestamp', missing('timestamp')), as('rows_without_id', missing('message_id'))],
      ),
    });
  }

  private rows(of: (table: LandingTable) => Relation): RowsOf {
    const made = new Map(this.tables.map((table) => [table.table, of(table)]));
    return (table) => made.get(table) ?? table.raw;
  }

  /** MESSAGE_COLUMNS of all tables, each message once. */
  private messages(rows: RowsOf): Relation {
    return union(this.tables.map((of) => this.source.messages(of.table, rows)));
  }

  /** Who was seen with whom in messages, but for those forgotten. */
  private pairs(messages: Relation): Relation {
    const pairs = pairsOf(messages);
    const { forgotten } = this.of;
    return forgotten ? livingPairs(this.schema, forgotten, pairs, ['user_id', 'anonymous_id']) : pairs;
  }

  private ofSource(rows: Relation): Relation {
    const named = rows.columns.map(({ name }): Named => as(name, c(rows, name)));
    return project(rows, [as('source', text(this.source.name)), ...named]);
  }

  private storedPairs(): Relation {
    const pairs = this.schema.scan('identity_pairs');
    const own = filter(pairs, call('eq', c(pairs, 'source'), text(this.source.name)));
    return pick(
      own,
      touchedPairs(this.source.name).columns.map((column) => column.name),
    );
  }

  private landed(messages: Relation): Relation {
    const digests = digestOf(c(messages, 'stream'), c(messages, 'message_id'));
    const times = ['received_at', 'timestamp'].map((name) => as(name, c(messages, name)));
    return this.ofSource(project(messages, [...digests, ...times]));
  }

  private landedBefore(): LandedBefore {
    return landedBefore(this.schema, this.source.config);
  }

  private clear(table: 'landed' | 'identity_pairs'): Step {
    const own = oneRow([as('source', text(this.source.name))]);
    const which = this.of.alone ? {} : { query: own, keys: ['source'] };
    return this.step(`${table}.clear`, 'forgetting the last landing', {
      op: 'delete',
      table: this.schema.ref(table),
      ...which,
    });
  }

  private traitNames(rows: RowsOf): readonly Step[] {
    const tables = [
      ['users', 'trait_names'],
      ['accounts', 'account_trait_names'],
    ] as const;
    return tables.flatMap(([of, table]) => {
      const keys = this.source.traitKeys(of, rows);
      if (!keys) return [];
      const query = antiJoin(this.ofSource(keys), this.schema.scan(table), ['source', 'name']);
      return [this.step(table, 'trait names seen', { op: 'append', table: this.schema.ref(table), query })];
    });
  }

  /** The last `received_at`, never beyond the clock: a row from the future must not hide those to come. */
  private watermark(messages: Relation, before: Expr | undefined): Step {
    const seen = aggregate(
      messages,
      [],
      [as('last_received', agg('max', [c(messages, 'received_at')])), as('landed_rows', agg('count'))],
    );
    const last = c(seen, 'last_received');
    const capped = caseWhen([
      { when: call('is_not_null', last), then: call('least', last, param('started_at', 'timestamp')) },
    ]);
    const watermark = before ? call('greatest', capped, before) : capped;
    return this.step('watermark', 'how far it landed', {
      op: 'merge',
      table: this.schema.ref('landing'),
      query: project(seen, [
        as('source', text(this.source.name)),
        as('fingerprint', text(this.of.fingerprint)),
        as('watermark', watermark),
        as('landed_rows', c(seen, 'landed_rows')),
        as('landed_at', param('started_at', 'timestamp')),
      ]),
      keys: ['source'],
      set: ['fingerprint', 'watermark', 'landed_rows', 'landed_at'],
      insert: true,
    });
  }

  private step(id: string, title: string, op: StepOp): Step {
    return { id: `land.${this.source.name}.${id}`, title: `${this.source.name}: ${title}`, ...op };
  }
}
