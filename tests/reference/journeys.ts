/**
 * Journeys (docs/semantics.md, "Journeys"): one profile at a time is walked along the steps as far as it comes. Where
 * it stood after the run before is handed in; where it stands now is handed back.
 */
import { isInSplit } from './members.js';
import type { Condition, JourneyForm, JourneyMemory, JourneyStep, SplitSide } from './model.js';
import type { Profile } from './profiles.js';
import { parseDuration, type Micros } from './time.js';

/** A place in a list of steps, and the place of the split whose branch the list is. */
interface Place {
  list: readonly JourneyStep[];
  index: number;
  outer: Place | undefined;
}

/** One way on from a split. */
interface Way {
  key: string;
  steps: readonly JourneyStep[];
  takes: (profile: Profile) => boolean;
}

export interface JourneyWorld {
  asOf: Micros;
  memory: JourneyMemory;
  /** Everyone a journey may hold, and those of them who may come in. */
  everyone: readonly Profile[];
  mayEnter: ReadonlySet<Profile>;
  /** What a profile that was called so is called now. */
  nameNow: (name: string) => string;
  holds: (profile: Profile, condition: Condition) => boolean;
}

/** Who stands where, and since when: key → profile name → instant. */
export type Positions = Map<string, Map<string, Micros>>;

/** Every key that a journey publishes under, its own first. */
export function keysOfJourney(key: string, form: JourneyForm): string[] {
  const inList = (steps: readonly JourneyStep[]): string[] =>
    steps.flatMap((step) =>
      'next' in step
        ? []
        : [step.key, ...sides(step).flatMap((side) => [side.key, ...inList(side.steps ?? [])])],
    );
  return [key, ...inList(form.steps).map((step) => `${key}_${step}`)];
}

/**
 * Walks everyone. `positions` has a map for every key of the journey; whoever comes to a step is put there at once, so
 * that conditions of later steps can refer to it.
 */
export function walkJourney(key: string, form: JourneyForm, world: JourneyWorld, positions: Positions): void {
  for (const profile of world.everyone) new Walk(key, form, world, positions, profile).walk();
}

/** What is remembered after the run. */
export function remembered(
  key: string,
  { asOf, memory }: Pick<JourneyWorld, 'asOf' | 'memory'>,
  positions: Positions,
): JourneyMemory {
  const inside = positions.get(key) ?? new Map<string, Micros>();
  const left = new Map(memory.left.get(key) ?? []);
  for (const name of memory.positions.get(key)?.keys() ?? []) if (!inside.has(name)) left.set(name, asOf);
  return {
    positions: new Map([...memory.positions, ...positions]),
    left: new Map([...memory.left, [key, left]]),
  };
}

class Walk {
  constructor(
    private readonly journey: string,
    private readonly form: JourneyForm,
    private readonly world: JourneyWorld,
    private readonly positions: Positions,
    private readonly profile: Profile,
  ) {}

  walk(): void {
    const { journey, form, profile, world } = this;
    const { entry, exit, steps } = form;
    const since = this.stood(journey);
    const comes = (): boolean => world.mayEnter.has(profile) && this.isLetIn() && world.holds(profile, entry);
    if (since === undefined && !comes()) return;
    if (exit !== undefined && world.holds(profile, exit)) return;
    this.put(journey, since);
    this.go({ list: steps, index: 0, outer: undefined }, since ?? world.asOf);
  }

  /** Since when the profile stands there, by what is remembered: itself, or else whoever has become part of it. */
  private stood(key: string): Micros | undefined {
    const { positions } = this.world.memory;
    const here = positions.get(key) ?? new Map<string, Micros>();
    if (positions.get(this.journey)?.has(this.profile.name) === true) return here.get(this.profile.name);
    const times = [...here].filter(([name]) => this.isPart(name)).map(([, time]) => time);
    return times.reduce<Micros | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
  }

  private isPart(name: string): boolean {
    return this.world.nameNow(name) === this.profile.name;
  }

  private isLetIn(): boolean {
    const { asOf, memory } = this.world;
    const left = [...(memory.left.get(this.journey) ?? [])].filter(([name]) => this.isPart(name));
    const rule = this.form.re_entry ?? false;
    return left.every(([, time]) => {
      if (typeof rule === 'string') return time + parseDuration(rule) <= asOf;
      return rule && time < asOf;
    });
  }

  private put(key: string, since: Micros | undefined): Micros {
    const at = since ?? this.world.asOf;
    this.positions.get(key)?.set(this.profile.name, at);
    return at;
  }

  /** Goes on from a place, to which the profile came from a step that it stands at since then. */
  private go(place: Place, since: Micros): void {
    const { list, index, outer } = place;
    const step = list[index];
    if (step === undefined) {
      if (outer) this.go({ ...outer, index: outer.index + 1 }, since);
      return;
    }
    if ('next' in step) {
      this.go(this.find(step.next), since);
      return;
    }
    const key = this.keyOf(step.key);
    if ('when' in step || 'delay' in step) {
      const been = this.reachable(place).some((later) => this.stood(this.keyOf(later)) !== undefined);
      const passes =
        'when' in step
          ? () => this.world.holds(this.profile, step.when)
          : () => since + parseDuration(step.delay) <= this.world.asOf;
      if (been || passes()) this.go({ ...place, index: index + 1 }, this.put(key, this.stood(key)));
      return;
    }
    this.put(key, this.stood(key));
    const ways = this.waysOf(step);
    const kept = ways.find((way) =>
      [way.key, ...this.inside(way.steps)].some((k) => this.stood(this.keyOf(k)) !== undefined),
    );
    const way = kept ?? ways.find(({ takes }) => takes(this.profile));
    if (way === undefined) return;
    const own = this.keyOf(way.key);
    this.go({ list: way.steps, index: 0, outer: place }, this.put(own, this.stood(own)));
  }

  private keyOf(step: string): string {
    return `${this.journey}_${step}`;
  }

  private waysOf(step: JourneyStep): Way[] {
    if ('split' in step) {
      const { if: condition, then, else: other } = step.split;
      return [
        { key: then.key, steps: then.steps ?? [], takes: (p) => this.world.holds(p, condition) },
        { key: other.key, steps: other.steps ?? [], takes: () => true },
      ];
    }
    if ('branches' in step) {
      return step.branches.map(({ key, steps = [], when }) => ({
        key,
        steps,
        takes: (p) => when === undefined || this.world.holds(p, when),
      }));
    }
    if (!('random' in step)) return [];
    const salt = step.random.salt ?? this.keyOf(step.key);
    let from = 0;
    return step.random.branches.map(({ key, steps = [], share }) => {
      const stretch = { salt, from, to: from + share };
      from += share;
      return { key, steps, takes: (p) => isInSplit(p.ref, stretch) };
    });
  }

  /** The keys of the steps in a list, and in what it branches to. */
  private inside(steps: readonly JourneyStep[]): string[] {
    return steps.flatMap((step) =>
      'next' in step
        ? []
        : [step.key, ...sides(step).flatMap((side) => [side.key, ...this.inside(side.steps ?? [])])],
    );
  }

  /** The keys one may come to from a place on, that of the place included. */
  private reachable(place: Place, found = new Set<string>()): string[] {
    const { list, index, outer } = place;
    const step = list[index];
    const onwards = (next: Place): void => void this.reachable(next, found);
    if (step === undefined) {
      if (outer) onwards({ ...outer, index: outer.index + 1 });
    } else if ('next' in step) onwards(this.find(step.next));
    else if (!found.has(step.key)) {
      found.add(step.key);
      const branches = sides(step);
      for (const side of branches) {
        found.add(side.key);
        onwards({ list: side.steps ?? [], index: 0, outer: place });
      }
      if (branches.length === 0) onwards({ ...place, index: index + 1 });
    }
    return [...found];
  }

  private find(key: string): Place {
    const search = (list: readonly JourneyStep[], outer: Place | undefined): Place | undefined => {
      for (const [index, step] of list.entries()) {
        const place = { list, index, outer };
        if (!('next' in step) && step.key === key) return place;
        for (const side of sides(step)) {
          const found = search(side.steps ?? [], place);
          if (found) return found;
        }
      }
      return undefined;
    };
    const found = search(this.form.steps, undefined);
    if (found === undefined) throw new Error(`no step ${key}`);
    return found;
  }
}

function sides(step: JourneyStep): readonly SplitSide[] {
  if ('split' in step) return [step.split.then, step.split.else];
  if ('branches' in step) return step.branches;
  return 'random' in step ? step.random.branches : [];
}
