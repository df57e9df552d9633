/** How far a landing of what is new looks back: in raw tables, and at what landed before (SEMANTICS §3, late and duplicate data). */
import type { BoundSource } from '../bind/index.js';
import { messageExprs } from '../bind/rows.js';
import { durationMicros, type Duration } from '../../models/algebra.js';
import type { Capabilities } from '../../dialects/dialect.js';
import { and, c, call, filter, int, or, param, pick, text, union } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { LANDED, type LandingTable } from './dedupe.js';
import { DIGEST, DIGEST_KEYS } from './digest.js';
import type { StateSchema } from './state.js';

/** What landed before: of rows that the window has as long as they are there, and earlier ones. */
export interface LandedBefore {
  readonly recent: Relation;
  readonly older: Relation;
}

/** What landed of a source before; no further back than it may be delivered again. */
export function landedBefore(schema: StateSchema, source: BoundSource['config']): LandedBefore {
  // Each a scan of its own, as engines find a range of rows better than either of two, or than rows they keep aside.
  const where = (part: (received: Expr) => Expr): Relation => {
    const landed = schema.scan('landed');
    const own = filter(landed, call('eq', c(landed, 'source'), text(source.name)));
    return pick(filter(own, part(c(own, 'received_at'))), [
      ...DIGEST.map((name, i) => [name, DIGEST_KEYS[i] ?? name] as const),
      ['source', LANDED.source],
      ['received_at', LANDED.receivedAt],
      ['timestamp', LANDED.timestamp],
    ]);
  };
  const from = windowStart(source);
  const { redeliveredWithin } = source;
  const isOlder = (received: Expr): Expr =>
    redeliveredWithin
      ? and(call('lt', received, from), call('ge', received, before(from, redeliveredWithin)))
      : call('lt', received, from);
  return {
    recent: union([
      where((received) => call('ge', received, from)),
      where((received) => call('is_null', received)),
    ]),
    older: where(isOlder),
  };
}

/** Rows of a raw table with a `received_at` since the watermark less the overlap, or without one. */
export function windowOf(
  { source, table }: LandingTable,
  { prunesAlternatives }: Pick<Capabilities, 'prunesAlternatives'>,
): Relation {
  const { raw } = table;
  const received = messageExprs(source, table, raw)('received_at');
  const from = windowStart(source.config);
  const [since, missing] =
    received.kind === 'call' && received.fn === 'column_instant'
      ? [call('column_since', ...received.args, from), call('column_missing', ...received.args)]
      : [call('ge', received, from), call('is_null', received)];
  return prunesAlternatives
    ? filter(raw, or(since, missing))
    : union([filter(raw, since), filter(raw, missing)]);
}

const windowStart = ({ overlap }: BoundSource['config']): Expr =>
  before(param('watermark', 'timestamp'), overlap);

/** The instant that lies a duration before another. */
const before = (instant: Expr, duration: Duration): Expr =>
  call('ts_add_micros', instant, int(-durationMicros(duration)));
