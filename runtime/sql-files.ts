/** SQL for people: each definition's standalone SELECT, and the statements of a run in order. */
import { rememberedOf, standaloneSelect, type ResolvedProject } from '../compiler/index.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import type { Definition } from '../models/definition.js';
import type { BatchScript } from './batches.js';
import type { RenderedStep } from './render.js';
import type { StoredState } from './existing.js';
import { fileName, type OutputFile } from './files.js';
import { timestamp } from './instants.js';
import type { LandingScript, Script } from './script.js';

/** Where a definition's standalone SELECT goes, relative to the project; those of its outputs are in a folder of it. */
export const compiledPath = ({ file, output }: Definition): string => {
  const name = file.replace(/\.jsonc?$/, '');
  return `target/compiled/${output ? `${name}/${output.name}` : name}.sql`;
};

export interface Standalone {
  /** Without comments. */
  readonly sql: string;
  /** ISO instants by parameter name. */
  readonly params: Readonly<Record<string, string>>;
}

/** Instants a standalone SELECT is about, by parameter: a definition that never ran counts `as_of` as its first run. */
export function standaloneParams(
  firstRuns: ReadonlyMap<string, string>,
  { existing }: Pick<StoredState, 'existing'>,
  asOf: string,
): Record<string, string> {
  const firsts = [...firstRuns].map(([name, key]) => [
    name,
    existing.definitions.get(key)?.firstRunAt ?? asOf,
  ]);
  return { as_of: asOf, ...(Object.fromEntries(firsts) as Record<string, string>) };
}

/** The standalone SELECT of a definition, its parameters bound. */
export function standaloneSql(
  resolved: ResolvedProject,
  key: string,
  dialect: Dialect,
  stored: Pick<StoredState, 'existing'>,
  asOf: string,
): Standalone {
  const { query, firstRuns } = standaloneSelect(resolved, key, rememberedOf(resolved, stored.existing));
  const params = standaloneParams(firstRuns, stored, asOf);
  const bound: Params = Object.fromEntries(
    Object.entries(params).map(([name, iso]) => [name, timestamp(iso)]),
  );
  return { sql: dialect.select(query, bound), params };
}

/** The file of a standalone SELECT: what it is, then the statement. */
export function standaloneFile(definition: Definition, { sql, params }: Standalone): OutputFile {
  const header = [
    `${definition.kind} ${definition.key}`,
    `from ${definition.file}`,
    ...Object.entries(params).map(([name, value]) => `${name} = ${value}`),
  ];
  return { path: compiledPath(definition), content: `${comment(header)}${terminated(sql)}` };
}

/** A comment ends with its line, so nothing in it may end the line. */
const comment = (lines: readonly string[]): string =>
  lines.map((line) => `-- ${line.replace(/[\r\n\u2028\u2029]+/g, ' ')}\n`).join('');

const terminated = (sql: string): string => `${sql.trimEnd().replace(/;$/, '')};\n`;

function section(title: string, steps: readonly RenderedStep[]): string {
  if (steps.length === 0) return '';
  const bodies = steps.map(({ step, statements }) => {
    const sql = statements.map((s) => terminated(s.sql)).join('\n');
    const when = step.when ? ` (only if something ${step.when.any.join(' or ')})` : '';
    return `${comment([`${step.id}: ${step.title}${when}`])}${sql}`;
  });
  return `${title === '' ? '' : `${comment([`== ${title}`])}\n`}${bodies.join('\n')}`;
}

const sections = (parts: readonly (readonly [string, readonly RenderedStep[]])[]): string =>
  parts
    .map(([title, steps]) => section(title, steps))
    .filter((text) => text !== '')
    .join('\n');

function landingParts({ plan, ...s }: LandingScript): string {
  if (plan.mode === 'full') return sections([[`in full: ${plan.reason}`, s.full]]);
  return sections([
    ['new rows', [...s.prepare, ...(s.check ? [s.check] : [])]],
    ['then', s.incremental],
    ['or, when a message landed again with an earlier received_at', s.full],
  ]);
}

function factsParts({ plan, ...s }: LandingScript): string {
  const audit = s.audit ? [s.audit] : [];
  if (plan.mode === 'full') return sections([['', [...s.factsFull, ...audit]]]);
  return sections([
    ['new rows', [...s.factsIncremental, ...audit]],
    ['or, when the source landed in full', s.factsFull],
  ]);
}

function identityParts({ identity, identityByTime }: Script): string {
  const { find, moved, handOver, done } = identity;
  return sections([
    ['', [...find, moved]],
    ['only where somebody changed hands', handOver],
    ['then', done],
    ['or, when nothing new landed', identityByTime ? [...identityByTime.find, identityByTime.moved] : []],
  ]);
}

const publishParts = ({ definitions, publish, around }: Script): string => {
  const { computed, diff, counts, apply } = publish;
  const { before, after } = around.publish;
  return sections([
    ['before the transaction', before],
    ['', [...computed(definitions), ...diff, counts, ...apply]],
    ['after the transaction', after],
  ]);
};

/** Messages are queued in the transaction that publishes. */
function messageParts({ definitions, publish }: Script): string {
  const { ways, baseline, find, counts, queue, entities, connect } = publish.messages(
    definitions,
    new Set(definitions.map(({ plan }) => plan.definition.key)),
    false,
  );
  return sections([
    ['before members and values change: what destinations know', baseline.length > 0 ? ways : []],
    ['', baseline],
    ['after', ways.length > 0 ? [...ways, ...find, counts] : []],
    ['only where something changed', queue],
    ['what is told of entities', entities],
    ['destinations that are new', connect],
  ]);
}

const batchName = ({ id, items: [only, ...others] }: BatchScript): string =>
  only && others.length === 0 ? fileName(only.plan.definition.key) : id.replaceAll('.', '_');

/** A batch, and the definitions it computes by their numbers in it. */
function batchParts({ items, before, step }: BatchScript): string {
  const listed = items.map(
    ({ plan: { definition, definitionNo } }) =>
      `${definitionNo}: ${definition.kind} ${definition.key}, from ${definition.file}`,
  );
  return `${comment(['by definition_no', ...listed])}\n${section('', [...before, step])}`;
}

/** The run's statements: a file a phase, a batch of definitions and a definition with statements of its own, numbered in order. */
export function runFiles(script: Script): OutputFile[] {
  const named: [name: string, content: string][] = [
    ['ensure', sections([['', script.ensure]])],
    ['before_landing', sections([['before the transaction that lands', script.around.land.before]])],
    ...script.land.map((s): [string, string] => [`land_${fileName(s.plan.source)}`, landingParts(s)]),
    ['identity', identityParts(script)],
    ...script.land.map((s): [string, string] => [`facts_${fileName(s.plan.source)}`, factsParts(s)]),
    ['after_landing', sections([['after the transaction that lands', script.around.land.after]])],
    [
      'shared',
      sections([
        ['before the transaction', script.around.shared.before],
        ['', script.shared],
        ['after the transaction', script.around.shared.after],
      ]),
    ],
    ...script.levels.flatMap(({ items, batches }) => [
      ...items.map((d): [string, string] => [
        fileName(d.plan.definition.key),
        sections([
          ['its query', d.prepare],
          ['one row an id', d.checks ? [d.checks.counts, d.checks.samples] : []],
        ]),
      ]),
      ...batches.map((batch): [string, string] => [batchName(batch), batchParts(batch)]),
    ]),
    ...script.definitions.map((d): [string, string] => [
      fileName(d.plan.definition.key),
      sections([['once its rows are there', d.after]]),
    ]),
    ['publish', publishParts(script)],
    ['messages', messageParts(script)],
    ...script.removed.map((r): [string, string] => [
      `removed_${fileName(r.key)}`,
      sections([['publish', r.publish]]),
    ]),
  ];
  const width = Math.max(3, String(named.length).length);
  return named
    .filter(([, content]) => content !== '')
    .map(([name, content], i) => ({
      path: `target/run/${String(i + 1).padStart(width, '0')}_${name}.sql`,
      content,
    }));
}
