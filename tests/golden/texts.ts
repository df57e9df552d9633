/** Statements as goldens show them: what many of them have in common is written once. */
import { createTwoFilesPatch } from 'diff';
import type { OutputFile } from '../../runtime/files.js';

const CTE = /^(?:with )?(\S+) as (?:not materialized |materialized )?\($/;

/** A statement's CTEs by name, and what comes after them; a statement without is all the latter. */
interface Parts {
  readonly ctes: readonly (readonly [name: string, text: string])[];
  readonly rest: string;
}

/** Takes a statement of ours apart, which begins and ends a CTE at the start of a line. */
function partsOf(sql: string): Parts {
  const ctes: [string, string][] = [];
  const lines = sql.split('\n');
  let at = 0;
  for (;;) {
    const name = CTE.exec(lines[at] ?? '')?.[1];
    const length = lines.slice(at).findIndex((line) => /^\),?$/.test(line)) + 1;
    if (name === undefined || length === 0) break;
    const text = lines.slice(at, at + length).join('\n');
    ctes.push([name, text.replace(/^with /, '').replace(/,$/, '')]);
    at += length;
  }
  return { ctes, rest: lines.slice(at).join('\n') };
}

/**
 * Statements by key; a CTE that several have word for word stands in `shared` alone, and in them is a line that names it.
 */
export function withShared(statements: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const parts = new Map([...statements].map(([key, sql]) => [key, partsOf(sql)]));
  const uses = new Map<string, number>();
  for (const { ctes } of parts.values())
    for (const [, text] of ctes) uses.set(text, (uses.get(text) ?? 0) + 1);
  const isShared = (text: string): boolean => (uses.get(text) ?? 0) > 1;
  const own = [...parts].map(([key, { ctes, rest }]): [string, string] => {
    const shown = ctes.map(([name, text]) => (isShared(text) ? `-- shared: ${name}` : `${text},`));
    return [key, [...shown, rest].join('\n')];
  });
  const shared = [...uses.keys()].filter(isShared);
  return new Map([['shared', shared.map((text) => `${text}\n`).join('\n')], ...own]);
}

/** A unified diff without its header; nothing where both are the same. */
export const difference = (from: string, to: string): string =>
  from === to
    ? ''
    : createTwoFilesPatch('', '', from, to, '', '', { context: 1 }).split('\n').slice(4).join('\n');

/** A step of a file of a run, as `compile` writes it: a comment that names it, and its statements. */
interface Block {
  readonly file: string;
  readonly id: string;
  readonly text: string;
}

const STEP = /^-- ([a-z]\w*\.[^:]+): /;

function blocksOf({ path, content }: OutputFile): readonly Block[] {
  const file = path.replace(/^.*\/\d+_/, '');
  const blocks: Block[] = [];
  let lines: string[] = [];
  let id: string | undefined;
  const end = (): void => {
    if (id !== undefined) blocks.push({ file, id, text: `${lines.join('\n').trimEnd()}\n` });
    lines = [];
    id = undefined;
  };
  for (const line of content.split('\n')) {
    const found = STEP.exec(line)?.[1];
    if (found !== undefined || line.startsWith('-- ==')) end();
    if (found !== undefined) id = found;
    lines.push(line);
  }
  end();
  return blocks;
}

/** What a step does: the words its statement begins with. */
const kindOf = ({ text }: Block): string => (text.split('\n')[1] ?? '').split(' ').slice(0, 2).join(' ');

/** Ids of the steps of a run that are the first of their kind in their file. */
export function firstOfKinds(files: readonly OutputFile[]): ReadonlySet<string> {
  const seen = new Map<string, string>();
  for (const block of files.flatMap(blocksOf)) {
    const kind = `${block.file} ${kindOf(block)}`;
    if (!seen.has(kind)) seen.set(kind, block.id);
  }
  return new Set(seen.values());
}

/** Ids of the steps of a run that are called so. */
export const stepsLike = (files: readonly OutputFile[], name: RegExp): ReadonlySet<string> =>
  new Set(files.flatMap(blocksOf).flatMap(({ id }) => (name.test(id) ? [id] : [])));

/** Those steps alone, each under the name of its file; on some engines a step is in several files. */
export const onlySteps = (files: readonly OutputFile[], ids: ReadonlySet<string>): string =>
  files
    .flatMap(blocksOf)
    .filter((block) => ids.has(block.id))
    .map(({ file, text }) => `-- ${file}\n${text}`)
    .join('\n');
