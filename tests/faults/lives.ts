/**
 * The life of the wide project, unbroken, as a measure; and what becomes of an act of it that is stopped, or told no, at
 * one of its calls, and is then done again. Both must come to the same.
 */
import { expect } from 'vitest';
import { StatementError, type Failure } from '../../dialects/warehouse.js';
import { invariants } from './invariants.js';
import { Place, type Act, type Engine, type Hook, type Seen } from './place.js';
import { visited, type Point, type Visitor } from './points.js';
import { DAYS } from './wide.js';

export const ACTS: readonly Act[] = DAYS.flatMap((day) => [
  { day, command: 'run' as const },
  { day, command: 'sync' as const },
]);

export const nameOf = ({ day, command }: Act): string => `the ${command} of day ${day}`;

/**
 * What may go wrong at a call:
 * - `death`: the process ends before it, as by `kill -9`;
 * - `passing`: the engine refuses it once, and says that it may be asked again;
 * - `refusal`: the engine refuses it, and that statement whenever it is asked again;
 * - `silence`: it is done, and the connection is lost before the answer.
 */
export const FAULTS = ['death', 'passing', 'refusal', 'silence'] as const;
export type Fault = (typeof FAULTS)[number];

interface Measured {
  readonly act: Act;
  /** The place before the act; nothing is changed in it. */
  readonly before: Place;
  readonly points: readonly Point[];
  readonly after: Seen;
}

export class Lives {
  /** What went wrong where many were tried: one does not hide the others. */
  private failures: Error[] = [];

  private constructor(
    private readonly acts: readonly Measured[],
    /** Every step that was run. */
    readonly steps: ReadonlySet<string>,
  ) {}

  /** Plays the life whole, or some days of it, and keeps what was before and after each act. */
  static async play(engine: Engine, hook: Hook, days: number = DAYS.length): Promise<Lives> {
    const place = await Place.create(engine, hook);
    const acts: Measured[] = [];
    const steps = new Set<string>();
    for (const act of ACTS.filter(({ day }) => day <= days)) {
      if (act.command === 'run') await place.land(act.day);
      const before = await place.copy('before');
      const points: Point[] = [];
      const counting = visited(engine.dialect, { before: (point) => void points.push(point) });
      expect(await place.act(act, counting), nameOf(act)).toBe(true);
      for (const { step } of points) steps.add(step);
      acts.push({ act, before, points, after: await place.seen() });
    }
    await place.dispose();
    return new Lives(acts, steps);
  }

  async dispose(): Promise<void> {
    for (const { before } of this.acts) await before.dispose();
  }

  /** How many calls an act makes. */
  calls(act: Act): number {
    return this.measured(act).points.length;
  }

  /** A copy of what was before an act. */
  placeBefore(act: Act): Promise<Place> {
    return this.measured(act).before.copy('copy');
  }

  /** Hands over a copy of the files at a call of an act, and how the act is done again somewhere. */
  async breakAt(
    act: Act,
    n: number,
    look: (copy: Place, again: (place: Place) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const measured = this.measured(act);
    const passing = await measured.before.copy('dead');
    const engine = visited(passing.engine.dialect, {
      before: async (point) => {
        if (point.n !== n) return;
        const copy = await passing.copy('again');
        await look(copy, (place) => this.again(place, measured, `killed before ${told(point)}`));
        await copy.dispose();
      },
    });
    expect(await passing.act(act, engine)).toBe(true);
    await passing.dispose();
  }

  /**
   * Puts a fault at calls of an act, each alone, and then does the act again.
   *
   * @returns at how many
   */
  async break(
    act: Act,
    fault: Fault,
    at: (n: number) => boolean,
    tell: (calls: number, failed: number) => void = () => undefined,
  ): Promise<number> {
    this.failures = [];
    const tried = await this.tries(this.measured(act), fault, at);
    tell(tried, this.failures.length);
    const [first] = this.failures;
    if (this.failures.length === 1 && first) throw first;
    if (first)
      throw new AggregateError(this.failures, this.failures.map(({ message }) => message).join('\n'));
    return tried;
  }

  private async tries(measured: Measured, fault: Fault, at: (n: number) => boolean): Promise<number> {
    if (fault === 'death')
      return measured.before.engine.server ? this.dying(measured, at) : this.dyingInPass(measured, at);
    const points = measured.points.filter(({ n }) => at(n));
    for (const point of points) await this.noted(() => this.failing(measured, fault, point));
    return points.length;
  }

  private async noted(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failures.push(error as Error);
    }
  }

  /** One pass over the act: what is left at each call is copied, and goes on as a place of its own. */
  private async dyingInPass(measured: Measured, at: (n: number) => boolean): Promise<number> {
    const { act, before } = measured;
    let tried = 0;
    const passing = await before.copy('dead');
    const leave = async (what: string): Promise<void> => {
      tried += 1;
      const left = await passing.copy('again');
      await this.noted(() => this.again(left, measured, `killed before ${what}`));
    };
    const engine = visited(before.engine.dialect, {
      before: async (point) => {
        if (at(point.n)) await leave(told(point));
      },
    });
    expect(await passing.act(act, engine)).toBe(true);
    if (at(measured.points.length + 1)) await leave('its end');
    await passing.dispose();
    return tried;
  }

  /** For warehouses that cannot be copied in the middle: the act goes no further, and its connections end. */
  private async dying(measured: Measured, at: (n: number) => boolean): Promise<number> {
    const { act, before, points } = measured;
    let tried = 0;
    for (const { n } of points.filter((point) => at(point.n))) {
      tried += 1;
      const place = await before.copy('dead');
      const what = await new Promise<string>((resolve, reject) => {
        const engine = visited(before.engine.dialect, {
          before: (point) => {
            if (point.n < n) return undefined;
            resolve(told(point));
            return new Promise<never>(() => undefined);
          },
        });
        place.act(act, engine).then(() => resolve('its end'), reject);
      });
      await before.engine.server?.cutOff(place.dir);
      await this.noted(() => this.again(place, measured, `killed before ${what}`));
    }
    return tried;
  }

  private async failing(measured: Measured, fault: Exclude<Fault, 'death'>, at: Point): Promise<void> {
    const { act, before, after } = measured;
    const place = await before.copy('faulty');
    const what = `${fault} at ${told(at)}`;
    const outcome = await place
      .act(
        act,
        visited(
          before.engine.dialect,
          faulty(fault, at.n, () => before.engine.server?.cutOff(place.dir)),
        ),
      )
      .catch((error: unknown) => error);
    const good = outcome === true;
    if (fault === 'passing') expect(outcome, `${nameOf(act)}, ${what}: goes through by itself`).toBe(true);
    // A reader who comes now sees the whole of what was before, or of what is new.
    expect(await place.using(invariants), `${nameOf(act)}, ${what}: what readers see`).toEqual([]);
    if (good) expect(await place.seen(), `${nameOf(act)}, ${what}`).toEqual(after);
    if (fault === 'passing') await place.dispose();
    else await this.again(place, measured, what);
  }

  /** The act once more, and undisturbed: it ends where the unbroken one did. */
  private async again(place: Place, { act, after }: Measured, what: string): Promise<void> {
    const name = `${nameOf(act)}, ${what}, then again`;
    expect(await place.act(act).catch((error: unknown) => error), name).toBe(true);
    expect(await place.seen(), name).toEqual(after);
    await place.dispose();
  }

  private measured(act: Act): Measured {
    const found = this.acts.find((one) => nameOf(one.act) === nameOf(act));
    if (!found) throw new Error(`no such act: ${nameOf(act)}`);
    return found;
  }
}

const told = ({ n, call, step, sql }: Point): string =>
  `call ${n} (${call} ${step}: ${sql.slice(0, 80).replace(/\s+/g, ' ')})`;

/** @param cutOff ends the connections of who asks, where that can be done */
function faulty(fault: Exclude<Fault, 'death'>, n: number, cutOff: () => Promise<void> | undefined): Visitor {
  const failed = (point: Point, failure: Failure): never => {
    throw new StatementError(`made to fail: ${fault}`, point.sql, { failure });
  };
  if (fault === 'silence')
    return {
      after: async (point) => {
        if (point.n !== n) return;
        await cutOff();
        failed(point, 'unknown');
      },
    };
  if (fault === 'passing')
    return { before: (point) => (point.n === n ? failed(point, 'transient') : undefined) };
  let refused: Point | undefined;
  return {
    before: (point) => {
      if (point.n === n) refused = point;
      const same = refused?.call === point.call && refused.step === point.step && refused.sql === point.sql;
      if (same) failed(point, 'refused');
    },
  };
}
