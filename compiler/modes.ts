/** Which definitions of a run are computed for some profiles only, and which. */
import { parseInstant } from '../models/instant.js';
import type { Definition } from '../models/definition.js';
import { CompilerBug } from './diagnostics/index.js';
import { incremental, readsOf, relationHash, Tracking, type Read, type Since } from './incremental/index.js';
import type { Relation } from './ir/types.js';
import type { Provider } from './lower/index.js';
import { affectedBy } from './program/names.js';
import type { ExistingState, Staged } from './program/plan.js';
import type { RunProvider } from './program/provider.js';
import {
  profilesMoved,
  trackedProvider,
  type Referred,
  type TrackedInput,
} from './program/tracked-provider.js';

interface Input extends Omit<TrackedInput, 'tracking' | 'referred'> {
  readonly provider: RunProvider;
  /** Numbers of the definitions this run computes, by key. */
  readonly computing: ReadonlyMap<string, number>;
  /** Numbers of definitions published before, by key. */
  readonly published: ReadonlyMap<string, number>;
  readonly existing: ExistingState;
  /** The run's `as_of`, ISO; absent: nothing is run, and all that is asked is what computing in full looks like. */
  readonly asOf: string | undefined;
  /** What is computed in full because it was asked for. */
  readonly refreshed: 'everything' | ReadonlySet<string>;
  /** The target computes everything in full. */
  readonly full: boolean;
}

/** For which profiles one definition's rows are computed, and why. */
export type Mode = Pick<Staged, 'relation' | 'incremental' | 'because'>;

/** Decides for one definition after the other, each after those it refers to. */
export class Modes {
  /** What definitions read. */
  readonly provider: Provider;
  private readonly tracking = new Tracking();
  private readonly incrementally = new Set<string>();
  private readonly relations = new Map<string, Relation>();
  private readonly movedSince = new Map<number, Relation>();

  constructor(private readonly input: Input) {
    const { computing, published, existing } = input;
    const referred = (key: string): Referred => {
      const definitionNo = computing.get(key) ?? published.get(key);
      if (definitionNo === undefined) throw new CompilerBug(`${key} was never computed`);
      const last = existing.computations.get(definitionNo)?.runNo;
      // Of what was published without a record of how, nobody knows when it changed.
      const lastRunNo = last ?? (published.has(key) ? Number.MAX_SAFE_INTEGER : 0);
      if (!computing.has(key)) return { definitionNo, lastRunNo };
      const way = this.incrementally.has(key) ? 'incremental' : 'full';
      return { definitionNo, lastRunNo, computing: way };
    };
    this.provider = trackedProvider(input.provider, { ...input, tracking: this.tracking, referred });
  }

  /**
   * @param rows what the definition comes to, read of `provider`
   * @param also whether it stages more than its rows, which is not made profile by profile
   */
  of({ key }: Definition, rows: Relation, also: boolean): Mode {
    if (this.input.asOf === undefined) return {};
    this.relations.set(key, rows);
    const definitionNo = this.input.computing.get(key);
    if (definitionNo === undefined) throw new CompilerBug(`${key} is not computed`);
    const relation = relationHash(rows, this.tracking);
    const asked = this.asked(key);
    if (asked !== undefined) return { relation, because: asked };
    const since = this.since(definitionNo, relation);
    if (typeof since === 'string') return { relation, because: since };
    if (also) return { relation, because: 'its destinations are told of entities' };
    const found = incremental(rows, this.tracking, since, this.moved(since));
    if ('because' in found) return { relation, because: found.because };
    this.incrementally.add(key);
    return {
      relation,
      incremental: {
        affected: found.affected,
        changes: found.changes,
        rows: found.rows({ profiles: () => affectedBy(definitionNo), definitionNo }),
      },
    };
  }

  /** What a definition reads, after `of`; and of what it read when it was computed last, what has changed. */
  reads(key: string): readonly Read[] {
    const rows = this.relations.get(key);
    const definitionNo = this.input.computing.get(key);
    if (!rows || definitionNo === undefined) return [];
    const since = this.since(definitionNo, relationHash(rows, this.tracking));
    return readsOf(rows, this.tracking, typeof since === 'string' ? undefined : since);
  }

  /** Why it is computed in full whatever is known. */
  private asked(key: string): string | undefined {
    const { refreshed, full } = this.input;
    if (refreshed === 'everything' || refreshed.has(key)) return 'a full refresh was asked for';
    return full ? 'the target computes in full' : undefined;
  }

  /** One relation for all definitions that were computed by one run, so that it is read once. */
  private moved(since: Since): Relation {
    const known = this.movedSince.get(since.runNo);
    if (known) return known;
    const made = profilesMoved(this.input.schema, since);
    this.movedSince.set(since.runNo, made);
    return made;
  }

  /** When the same was computed last; else why it has to be computed in full. */
  private since(definitionNo: number, relation: string): Since | string {
    const { existing, asOf } = this.input;
    const stored = existing.computations.get(definitionNo);
    if (!stored) return 'it is computed for the first time';
    if (stored.relation !== relation) return 'it means something else than before';
    if (stored.runNo < existing.factsMadeBy) return 'facts were made anew since';
    const [before, now] = [parseInstant(stored.asOf), parseInstant(asOf ?? '')];
    if (before === undefined || now === undefined) throw new CompilerBug('as_of is no instant');
    if (now < before) return 'it was computed for a later instant';
    return { runNo: stored.runNo, asOf: before };
  }
}
