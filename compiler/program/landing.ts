/** Landing: from raw rows, each message once, to `landed`, `identity_pairs` and typed facts (SEMANTICS §3). */
import { columnsOf, sourceNeeds, type BoundSource } from '../bind/index.js';
import type { RowsOf } from '../bind/bound.js';
import type { Needs } from '../bind/types.js';
import { firstLandings, messageExprs } from '../bind/rows.js';
import { durationMicros } from '../../models/algebra.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  filter,
  int,
  join,
  oneRow,
  or,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { KEYS, countedRows, dedupeSteps, keyed, newRows, type LandingTable } from './dedupe.js';
import { factsSteps } from './facts.js';
import { scanSpec, touchedPairs } from './names.js';
import { mergeFirsts, pairsOf } from './pairs.js';
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
}

/** The steps by which one source lands. */
export function landSource(input: LandingInput): SourceLanding {
  const { source } = input;
  const needs = sourceNeeds(source, input.needs);
  const tables = source
    .tables(needs.events.map(({ event }) => event))
    .map((table): LandingTable => ({ source, table, columns: columnsOf(source, table, needs) }));
  const land = new Landing(input.schema, source, needs, tables, input.fingerprint, input.alone);
  const common = {
    source: source.name,
    full: land.full(input.fullBecause === undefined),
    factsFull: land.factsFull(),
  };
  if (input.fullBecause !== undefined)
    return {
      ...common,
      mode: 'full',
      reason: input.fullBecause,
      prepare: [],
      incremental: [],
      factsIncremental: [],
      audit: land.audit(false),
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
    private readonly fingerprint: string,
    private readonly alone: boolean,
  ) {}

  /** @param tell whether identity asks whose pairs may have changed: those there were, and those there are. */
  full(tell: boolean): readonly Step[] {
    const rows = this.rows(countedRows);
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
      ...(tell ? [before] : []),
      ...this.tables.flatMap(dedupeSteps),
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
        query: this.ofSource(pairsOf(messages)),
      }),
      ...(tell ? [after] : []),
      ...this.traitNames(rows),
      this.watermark(messages, undefined),
    ];
  }

  prepare(): readonly Step[] {
    return this.tables.map((of) =>
      this.step(`${of.table.table.name}.new`, `${of.table.table.name}: new rows`, {
        op: 'replace',
        spec: newRows(of),
        query: this.newFirstLandings(of),
      }),
    );
  }

  /** New rows, and rows that landed again earlier than what counted until now. */
  check(): Step {
    const flag = (rows: Relation, corrected: boolean): Relation =>
      project(rows, [as('corrected', int(corrected ? 1 : 0))]);
    const parts = this.tables.flatMap((of) => [
      flag(scanSpec(newRows(of)), false),
      flag(this.corrected(of), true),
    ]);
    const all = union(parts);
    const count = (value: number): Expr =>
      agg('count', [], { filter: call('eq', c(all, 'corrected'), int(value)) });
    return this.step('check', 'counting new rows', {
      op: 'read',
      query: aggregate(all, [], [as('new_rows', count(0)), as('corrected', count(1))]),
    });
  }

  incremental(): readonly Step[] {
    const rows = this.rows((of) => scanSpec(newRows(of)));
    const messages = this.messages(rows);
    const touched = touchedPairs(this.source.name);
    const fresh = this.ofSource(scanSpec(touched));
    const keys = ['source', 'user_id', 'anonymous_id'];
    const stored = semiJoin(this.schema.scan('identity_pairs'), fresh, keys);
    return [
      this.step('landed', 'remembering what landed', {
        op: 'append',
        table: this.schema.ref('landed'),
        query: this.landed(messages),
      }),
      this.step('touched', 'who was seen with whom', {
        op: 'replace',
        spec: touched,
        query: pairsOf(messages),
      }),
      this.step('pairs', 'remembering who was seen with whom', {
        op: 'merge',
        table: this.schema.ref('identity_pairs'),
        query: mergeFirsts(
          union([
            fresh,
            pick(
              stored,
              fresh.columns.map((column) => column.name),
            ),
          ]),
          keys,
        ),
        keys,
        set: ['first_at', 'first_id', 'seen_at', 'device_at'],
        insert: true,
      }),
      ...this.traitNames(rows),
      this.watermark(messages, param('watermark', 'timestamp')),
    ];
  }

  factsFull(): readonly Step[] {
    return this.facts('replace', countedRows);
  }

  factsIncremental(): readonly Step[] {
    return this.facts('append', (of) => scanSpec(newRows(of)));
  }

  private facts(op: 'replace' | 'append', of: (table: LandingTable) => Relation): readonly Step[] {
    const { schema, source, needs } = this;
    return factsSteps({ schema, source, needs, op, rows: this.rows(of) });
  }

  /** Rows that cannot count, for a warning; of an incremental landing, those of its window. */
  audit(window: boolean): Step {
    const parts = this.tables.map((of) => {
      const rows = window ? filter(of.table.raw, this.inWindow(of)) : of.table.raw;
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
    const all = union(this.tables.map((of) => this.source.messages(of.table, rows)));
    return filter(all, call('is_not_null', c(all, 'message_id')));
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
    return this.ofSource(pick(messages, ['stream', 'message_id', 'received_at', 'timestamp']));
  }

  private landedBefore(): Relation {
    const landed = this.schema.scan('landed');
    const own = filter(landed, call('eq', c(landed, 'source'), text(this.source.name)));
    return pick(own, [
      ['stream', KEYS.stream],
      ['message_id', KEYS.id],
      ['received_at', 'landed_received_at'],
      ['timestamp', 'landed_timestamp'],
    ]);
  }

  /** `received_at` since the watermark less the overlap, or unknown. */
  private inWindow(of: LandingTable): Expr {
    const expr = messageExprs(this.source, of.table, of.table.raw)('received_at');
    const micros = durationMicros(this.source.config.overlap);
    const from = call('ts_add_micros', param('watermark', 'timestamp'), int(-micros));
    return or(call('ge', expr, from), call('is_null', expr));
  }

  private newFirstLandings(of: LandingTable): Relation {
    const recent = filter(of.table.raw, this.inWindow(of));
    const fresh = antiJoin(keyed(of, recent), this.landedBefore(), [KEYS.stream, KEYS.id]);
    return firstLandings(of.source, of.table, fresh, of.columns);
  }

  private corrected(of: LandingTable): Relation {
    const recent = keyed(of, filter(of.table.raw, this.inWindow(of)));
    const keys = pick(recent, [KEYS.stream, KEYS.id, KEYS.receivedAt, KEYS.timestamp]);
    const again = join('inner', keys, this.landedBefore(), [KEYS.stream, KEYS.id]);
    const received = { now: c(again, KEYS.receivedAt), before: c(again, 'landed_received_at') };
    const happened = { now: c(again, KEYS.timestamp), before: c(again, 'landed_timestamp') };
    const same = call('not', call('is_distinct', received.now, received.before));
    return filter(again, or(isEarlier(received), and(same, isEarlier(happened))));
  }

  private clear(table: 'landed' | 'identity_pairs'): Step {
    const own = oneRow([as('source', text(this.source.name))]);
    const which = this.alone ? {} : { query: own, keys: ['source'] };
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
        as('fingerprint', text(this.fingerprint)),
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

/** Strictly earlier, where a missing instant is later than any. */
function isEarlier({ now, before }: { readonly now: Expr; readonly before: Expr }): Expr {
  return or(call('lt', now, before), and(call('is_not_null', now), call('is_null', before)));
}
