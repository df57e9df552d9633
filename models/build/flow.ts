/** The order of a journey's steps: which come after which, by the lists they stand in and by `next`. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { didYouMean } from '../../compiler/diagnostics/suggest.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { asArray, asObject, asString, field } from './context.js';

/** A step or branch where it stands. */
export interface FlowNode {
  readonly key: string;
  readonly node: ObjectNode;
  readonly keyNode: JsonNode;
  /** Keys of the steps it may be reached from; none: the journey itself. */
  readonly after: ReadonlySet<string>;
  /** Set on a branch. */
  readonly branch?: {
    readonly split: ObjectNode;
    readonly siblings: readonly string[];
    readonly place: number;
  };
}

export interface Flow {
  /** Each after those it may be reached from; of several, in the order of the file. */
  readonly nodes: readonly FlowNode[];
  node(key: string): FlowNode;
  /**
   * The key and those of what comes after it: of a branch what stands inside it, since others may join further on; of
   * a step whatever may be reached from it.
   */
  keeps(key: string): readonly string[];
}

interface Jump {
  readonly to: string;
  readonly at: JsonNode;
}

/** Steps in the order of the file, before it is known what `next` leads to. */
class Reader {
  readonly nodes: (FlowNode & { readonly after: Set<string> })[] = [];
  readonly jumps: (Jump & { readonly from: readonly string[] })[] = [];
  readonly inside = new Map<string, string[]>();
  readonly problems: Problem[] = [];
  /** Steps nothing leads to by their place alone. */
  readonly unreached = new Set<string>();
  private readonly around: string[] = [];

  /**
   * Reads a list of steps; gives the keys that lead on from its end.
   *
   * @param from the keys that lead to it; undefined: the journey itself
   */
  list(items: readonly JsonNode[], from: readonly string[] | undefined): readonly string[] | undefined {
    let before = from;
    items.forEach((item, index) => {
      const node = asObject(item);
      const next = field(node, 'next');
      if (next === undefined) {
        before = this.step(node, before);
        return;
      }
      this.jumps.push({ to: asString(next), at: next, from: before ?? [] });
      if (before === undefined) this.problems.push(problem('"next" stands first: nothing leads to it', next));
      const following = items[index + 1];
      if (following !== undefined) {
        const hint = 'make "next" the last of its list';
        this.problems.push({
          ...problem('nobody comes here: "next" before it leads elsewhere', following),
          hint,
        });
      }
      before = [];
    });
    return before;
  }

  private step(node: ObjectNode, before: readonly string[] | undefined): readonly string[] {
    const key = this.add(node, before);
    const branches = branchesOf(node);
    if (branches.length === 0) return [key];
    const siblings = branches.map((branch) => asString(field(branch, 'key')));
    return branches.flatMap((branch, place) => {
      const own = this.add(branch, [key], { split: node, siblings, place });
      this.around.push(own);
      const steps = field(branch, 'steps');
      const ends = steps ? this.list(asArray(steps).items, [own]) : [own];
      this.around.pop();
      return ends ?? [own];
    });
  }

  private add(node: ObjectNode, before: readonly string[] | undefined, branch?: FlowNode['branch']): string {
    const keyNode = field(node, 'key') as JsonNode;
    const key = asString(keyNode);
    if (this.nodes.some((other) => other.key === key)) {
      const hint = 'the key of a step is its identity in the journey: choose another';
      this.problems.push({
        ...problem(`another step of the journey has the key ${JSON.stringify(key)}`, keyNode),
        code: 'duplicate-key',
        hint,
      });
    }
    if (before?.length === 0) this.unreached.add(key);
    this.nodes.push({ key, node, keyNode, after: new Set(before), ...(branch && { branch }) });
    for (const outer of this.around) this.inside.set(outer, [...(this.inside.get(outer) ?? []), key]);
    return key;
  }
}

const problem = (message: string, at: JsonNode): Problem => ({
  code: 'invalid-value',
  message,
  start: at.start,
  end: at.type === 'object' ? at.start + 1 : at.end,
});

/** The branches of a split, in order; none of any other step. */
function branchesOf(node: ObjectNode): readonly ObjectNode[] {
  const split = field(node, 'split');
  if (split) return ['then', 'else'].map((side) => asObject(field(asObject(split), side)));
  const random = field(node, 'random');
  const list = random ? field(asObject(random), 'branches') : field(node, 'branches');
  return list ? asArray(list).items.map(asObject) : [];
}

/** What is wrong with the order of a journey's steps, in a file that is valid otherwise. */
export function flowProblems(form: ObjectNode): readonly Problem[] {
  const reader = read(form);
  const { problems, nodes, unreached } = reader;
  const hasMisplaced = problems.length > 0;
  const targets = new Set(reader.jumps.map(({ to }) => to));
  for (const { key, keyNode } of nodes) {
    // After a misplaced `next` that is told already.
    if (hasMisplaced || !unreached.has(key) || targets.has(key)) continue;
    const message = `nobody comes to ${JSON.stringify(key)}: every branch before it goes on elsewhere`;
    problems.push({ ...problem(message, keyNode), hint: 'let one end here, or lead to it with "next"' });
  }
  for (const { node } of nodes) problems.push(...restProblems(node));
  if (problems.length > 0) return problems;
  const loop = loopOf(reader);
  return loop ? [loop] : [];
}

/** Only the last of several branches may take whoever is left. */
function restProblems(node: ObjectNode): readonly Problem[] {
  const branches = field(node, 'branches');
  if (!branches) return [];
  return asArray(branches)
    .items.slice(0, -1)
    .map(asObject)
    .filter((branch) => field(branch, 'when') === undefined)
    .map((branch) => ({
      ...problem('"when" is missing: only the last branch takes everyone who is left', branch),
      code: 'missing-key' as const,
      hint: 'give it a condition, or make it the last',
    }));
}

function read(form: ObjectNode): Reader {
  const reader = new Reader();
  reader.list(asArray(field(form, 'steps')).items, undefined);
  const keys = reader.nodes.map(({ key }) => key);
  for (const { to, at, from } of reader.jumps) {
    const target = reader.nodes.find(({ key }) => key === to);
    if (target === undefined) {
      reader.problems.push({
        ...problem(`the journey has no step ${JSON.stringify(to)}`, at),
        code: 'unknown-reference',
        ...hinted(didYouMean(to, keys)),
      });
    } else if (target.branch) {
      const message = `${JSON.stringify(to)} is a branch: who goes there is for its split to say`;
      reader.problems.push({
        ...problem(message, at),
        hint: 'name the split, or the first step of the branch',
      });
    } else from.forEach((key) => target.after.add(key));
  }
  return reader;
}

const hinted = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** The first `next` that leads back to where one has been. */
function loopOf({ nodes, jumps }: Reader): Problem | undefined {
  const onwards = leadsTo(nodes);
  for (const { to, at, from } of jumps) {
    for (const key of from) {
      const back = pathFrom(onwards, to, key);
      if (!back) continue;
      return {
        ...problem(`the journey loops: ${[...back, to].join(' → ')}`, at),
        code: 'cycle',
        hint: 'lead to a step further on; to let people start over there is "re_entry"',
      };
    }
  }
  return undefined;
}

type Onwards = ReadonlyMap<string, readonly string[]>;

/** Which steps come after each. */
function leadsTo(nodes: readonly FlowNode[]): Onwards {
  const onwards = new Map<string, string[]>(nodes.map(({ key }) => [key, []]));
  for (const { key, after } of nodes) for (const from of after) onwards.get(from)?.push(key);
  return onwards;
}

/** A way from one step to another, both named; undefined where there is none. */
function pathFrom(onwards: Onwards, from: string, to: string): readonly string[] | undefined {
  const came = new Map<string, string | undefined>([[from, undefined]]);
  for (const key of came.keys()) {
    if (key === to) {
      const path: string[] = [];
      for (let at: string | undefined = key; at !== undefined; at = came.get(at)) path.unshift(at);
      return path;
    }
    for (const next of onwards.get(key) ?? []) if (!came.has(next)) came.set(next, key);
  }
  return undefined;
}

/** The order of a journey's steps; the file has no problems (`flowProblems`). */
export function flowOf(form: ObjectNode): Flow {
  const reader = read(form);
  const onwards = leadsTo(reader.nodes);
  const byKey = new Map(reader.nodes.map((node) => [node.key, node]));
  const node = (key: string): FlowNode => {
    const found = byKey.get(key);
    if (!found) throw new CompilerBug(`no step ${key}`);
    return found;
  };
  const keeps = (key: string): readonly string[] => {
    if (node(key).branch) return [key, ...(reader.inside.get(key) ?? [])];
    const found = new Set([key]);
    for (const at of found) for (const next of onwards.get(at) ?? []) found.add(next);
    return [...found];
  };
  return { nodes: inOrder(reader.nodes), node, keeps };
}

function inOrder(nodes: readonly FlowNode[]): readonly FlowNode[] {
  const done = new Set<string>();
  const order: FlowNode[] = [];
  for (let left = nodes; left.length > 0;) {
    const next = left.find(({ after }) => [...after].every((key) => done.has(key)));
    if (!next) throw new CompilerBug('a journey that loops passed validation');
    done.add(next.key);
    order.push(next);
    left = left.filter((node) => node !== next);
  }
  return order;
}
