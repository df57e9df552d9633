import { ownerOf, type Definition } from '../../models/definition.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { definitionsAlong, type AlongLinks } from '../resolve/along.js';
import { reachable, reversed } from './graph.js';

export interface SelectInput {
  readonly definitions: readonly {
    readonly definition: Definition;
    readonly upstream: ReadonlySet<string>;
    /** Of others what goes along with its messages: `+` takes it too. */
    readonly along?: AlongLinks;
  }[];
  /** As given: each may hold several, separated by spaces (union) or commas (intersection). Empty: everything. */
  readonly selectors: readonly string[];
  /** What `state:modified` means: keys whose fingerprint changed, and new ones. Asked for only when needed. */
  readonly modified?: ReadonlySet<string>;
}

/**
 * Resolves selectors as dbt does: `key`, `tag:x`, `kind:trait`, `path:models/x`, `state:modified`, `*` in
 * names; `+x` with everything upstream, `x+` downstream, `2+x`, `x+1` so many steps; union by space,
 * intersection by comma. A definition and its outputs are computed together, so they are selected together.
 */
export function select(input: SelectInput): {
  readonly keys: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const all = input.definitions.map((d) => d.definition);
  if (input.selectors.length === 0) return { keys: new Set(all.map((d) => d.key)), diagnostics: [] };
  const edges = { up: ownerEdges(input, true), down: reversed(ownerEdges(input, false)) };
  const diagnostics: Diagnostic[] = [];
  const keys = new Set<string>();
  for (const part of input.selectors.flatMap((s) => s.split(/\s+/)).filter((s) => s !== '')) {
    const sets = part.split(',').map((term) => selectTerm(term, input, edges, diagnostics));
    const [first = new Set<string>(), ...rest] = sets;
    for (const key of first) if (rest.every((set) => set.has(key))) keys.add(key);
  }
  return {
    keys: new Set(all.filter((d) => keys.has(ownerOf(d).key)).map((d) => d.key)),
    diagnostics,
  };
}

/** Who reads whom, by the definitions of files. */
function ownerEdges(
  { definitions }: SelectInput,
  andAlong: boolean,
): ReadonlyMap<string, ReadonlySet<string>> {
  const owners = new Map(definitions.map(({ definition: d }) => [d.key, ownerOf(d).key]));
  const up = new Map<string, Set<string>>();
  for (const { definition, upstream, along } of definitions) {
    const own = ownerOf(definition).key;
    const edges = up.get(own) ?? new Set<string>();
    up.set(own, edges);
    const read = andAlong && along ? [...upstream, ...definitionsAlong(along)] : upstream;
    for (const key of read) if (owners.get(key) !== own) edges.add(owners.get(key) ?? key);
  }
  return up;
}

interface Edges {
  readonly up: ReadonlyMap<string, ReadonlySet<string>>;
  readonly down: ReadonlyMap<string, ReadonlySet<string>>;
}

const TERM = /^(?:(\d*)(\+))?(.*?)(?:(\+)(\d*))?$/s;

function selectTerm(
  term: string,
  input: SelectInput,
  edges: Edges,
  diagnostics: Diagnostic[],
): ReadonlySet<string> {
  const [, upSteps = '', up, name = '', down, downSteps = ''] = TERM.exec(term) ?? [];
  if (name === '') {
    diagnostics.push(problem(`Selector "${term}" names nothing`, 'a name is missing, as in "+key"'));
    return new Set();
  }
  const base = matching(name, input, diagnostics);
  const result = new Set(base);
  const depth = (steps: string): number => (steps === '' ? Infinity : Number(steps));
  if (up) reachable(edges.up, base, depth(upSteps)).forEach((key) => result.add(key));
  if (down) reachable(edges.down, base, depth(downSteps)).forEach((key) => result.add(key));
  return result;
}

type Test = (definition: Definition, value: string, input: SelectInput) => boolean;

const METHODS: Record<string, Test> = {
  key: (d, value) => glob(value).test(d.key),
  tag: (d, value) => d.tags.some((tag) => glob(value).test(tag)),
  kind: (d, value) => d.kind === value,
  path: (d, value) => {
    const path = value.replace(/^\.\//, '').replace(/\/+$/, '');
    return d.file === path || d.file.startsWith(`${path}/`) || glob(path).test(d.file);
  },
  state: (d, _value, input) => input.modified?.has(d.key) ?? false,
};

const VALUES: Partial<Record<string, readonly string[]>> = {
  kind: ['audience', 'trait', 'journey', 'journey_step'],
  state: ['modified'],
};

function matching(name: string, input: SelectInput, diagnostics: Diagnostic[]): ReadonlySet<string> {
  const all = input.definitions.map((d) => d.definition);
  const colon = name.indexOf(':');
  const [method, value] = colon < 0 ? ['key', name] : [name.slice(0, colon), name.slice(colon + 1)];
  const test = METHODS[method];
  const allowed = VALUES[method];
  if (!test || (allowed && !allowed.includes(value))) {
    const hint = test ? didYouMean(value, allowed ?? []) : didYouMean(method, Object.keys(METHODS));
    const known = test
      ? `${method}: takes ${(allowed ?? []).join(', ')}`
      : `methods are ${Object.keys(METHODS).join(', ')}`;
    diagnostics.push(problem(`Selector "${name}" cannot be read: ${known}`, hint));
    return new Set();
  }
  const found = all.filter((d) => test(d, value, input)).map((d) => ownerOf(d).key);
  if (found.length === 0 && method !== 'state') {
    const names =
      method === 'key'
        ? all.map((d) => d.key)
        : method === 'tag'
          ? all.flatMap((d) => d.tags)
          : all.map((d) => d.file);
    diagnostics.push(problem(`Selector "${name}" selects nothing`, didYouMean(value, [...new Set(names)])));
  }
  return new Set(found);
}

function glob(pattern: string): RegExp {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's');
}

function problem(message: string, hint: string | undefined): Diagnostic {
  return { code: 'unknown-selector', severity: 'error', message, ...(hint === undefined ? {} : { hint }) };
}
