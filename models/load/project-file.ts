import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { didYouMean, nearest, orList } from '../../compiler/diagnostics/suggest.js';
import { buildProjectConfig } from '../build/project.js';
import { field } from '../build/context.js';
import type { ProjectConfig } from '../definition.js';
import { STANDARD_COLUMNS } from '../schema/index.js';
import { substitute, type Environment } from '../source/environment.js';
import type { JsonEntry, JsonNode, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { validateFile } from '../validate/explain.js';
import { entityProblems } from './entity-graph.js';
import { inFile, readObject, type FileContext, type Loaded } from './result.js';

export interface ProjectFileOptions {
  readonly env: Environment;
  /** Instead of the file's own `target`. */
  readonly target?: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** No target will be opened: none needs its variables. */
  readonly detached?: boolean;
}

/**
 * Reads, validates and builds rollcall.json for one target. Variables are replaced everywhere but in the
 * other targets, and in channels that are for these: a developer need not have what production needs.
 */
export function loadProjectFile(context: FileContext, options: ProjectFileOptions): Loaded<ProjectConfig> {
  const { root, problems } = readObject(context.source);
  if (root === undefined) return { diagnostics: inFile(problems, context.source) };
  const found: Problem[] = [...problems];
  const { detached = false } = options;
  const chosen = options.target ?? targetName(root, options.env);
  const otherTarget = (entry: JsonEntry, path: readonly string[]): boolean =>
    (path.length === 1 && path[0] === 'targets' && (detached || entry.key !== chosen)) ||
    (path.length === 0 && detached && ['target', 'channels'].includes(entry.key)) ||
    (path.length === 1 && path[0] === 'channels' && isOfOthers(entry.node, chosen));
  const replaced = substitute(root, options.env, found, otherTarget);
  if (replaced.type !== 'object') return { diagnostics: inFile(found, context.source) };
  found.push(
    ...validateFile('rollcall', replaced),
    ...repeatedSources(replaced),
    ...entityProblems(replaced),
  );

  const diagnostics = inFile([...found, ...columnWarnings(replaced)], context.source);
  const unknown =
    chosen === undefined || (detached && options.target === undefined)
      ? undefined
      : unknownTarget(context, replaced, chosen, options.target !== undefined);
  if (unknown !== undefined) diagnostics.push(unknown);
  if (chosen === undefined || found.length > 0 || unknown !== undefined) return { diagnostics };
  return { value: buildProjectConfig(context, replaced, chosen, options.vars), diagnostics };
}

/** Whether a channel is for other targets alone: whoever works on this one need not have its secrets. */
function isOfOthers(channel: JsonNode | undefined, chosen: string | undefined): boolean {
  if (channel?.type !== 'object' || chosen === undefined) return false;
  const targets = channel.value['targets'];
  return Array.isArray(targets) && !targets.includes(chosen);
}

/** The file's `target`, which may itself come from the environment. */
function targetName(root: ObjectNode, env: Environment): string | undefined {
  const node = field(root, 'target');
  if (node?.type !== 'string') return undefined;
  const { value } = substitute(node, env, []);
  return typeof value === 'string' ? value : undefined;
}

function unknownTarget(
  context: FileContext,
  root: ObjectNode,
  chosen: string,
  asked: boolean,
): Diagnostic | undefined {
  const targets = field(root, 'targets');
  if (targets?.type !== 'object' || Object.hasOwn(targets.value, chosen)) return undefined;
  const names = Object.keys(targets.value);
  const node = field(root, 'target');
  const key = root.entries.find((entry) => entry.key === 'targets');
  // Where it was written: here, or where it could have been.
  const at = asked ? key && { start: key.start, end: key.keyEnd } : node;
  const near = didYouMean(chosen, names);
  const all = names.length === 0 ? 'there are none' : `the targets are ${orList(names)}`;
  // What came from the environment may be a secret, so the variable is named.
  const called = asked || node?.type !== 'string' ? chosen : (node.written ?? chosen);
  return {
    code: 'unknown-target',
    severity: 'error',
    message: `there is no target ${JSON.stringify(called)}`,
    hint: [near, ...(near !== undefined && names.length === 1 ? [] : [all])]
      .filter((t) => t !== undefined)
      .join(' '),
    ...(at === undefined ? {} : { span: context.source.span(at.start, at.end) }),
  };
}

/** Two sources of one name could not be told apart in messages and in state. */
function repeatedSources(root: ObjectNode): Problem[] {
  const seen = new Set<unknown>();
  const problems: Problem[] = [];
  for (const name of sources(root).map((source) => field(source, 'name'))) {
    if (name?.type !== 'string') continue;
    if (seen.has(name.value)) {
      const message = `two sources are called ${JSON.stringify(name.written ?? name.value)}`;
      problems.push({ code: 'duplicate-key', message, start: name.start, end: name.end });
    }
    seen.add(name.value);
  }
  return problems;
}

/** Any column may be renamed, so a slip in a standard name can only be warned of. */
function columnWarnings(root: ObjectNode): Problem[] {
  const standard: readonly string[] = STANDARD_COLUMNS;
  return sources(root).flatMap((source) => {
    const columns = field(source, 'columns');
    if (columns?.type !== 'object') return [];
    return columns.entries.flatMap(({ key, start, keyEnd }): Problem[] => {
      const near = standard.includes(key) || key.length < 4 ? undefined : nearest(key, standard);
      if (near === undefined) return [];
      const message = `${JSON.stringify(key)} is not a standard column`;
      const hint = `did you mean ${JSON.stringify(near)}?`;
      return [{ code: 'unknown-key', severity: 'warning', message, hint, start, end: keyEnd }];
    });
  });
}

function sources(root: ObjectNode): ObjectNode[] {
  const node = field(root, 'sources');
  const items: readonly JsonNode[] = node?.type === 'array' ? node.items : [];
  return items.filter((item) => item.type === 'object');
}
