import { openInputs } from './relations.js';
import type { Relation } from './types.js';

/** How what is below a relation is said. */
interface Manner {
  readonly inputs: readonly unknown[];
  readonly numbers: ReadonlyMap<Relation, number>;
  readonly named: boolean;
}

/**
 * What a relation says as text, its inputs by their numbers: two that say the same have the same text, whichever objects they are
 * made of.
 *
 * @param inputs those looked into; what is below others is part of the text
 * @param named whether what a relation is called is part of what it says
 */
export function said(
  relation: Relation,
  numbers: ReadonlyMap<Relation, number>,
  { inputs = openInputs(relation), named }: { inputs?: readonly Relation[]; named: boolean },
): string {
  return objectText(relation, { inputs, numbers, named });
}

/** Where a relation holds relations, or integers of a kind that JSON lacks. The rest is plain data, which `JSON.stringify` says fastest. */
const OURS = new Set(['input', 'left', 'right', 'inputs', 'pieces', 'relation', 'frame', 'from', 'to']);

/** As JSON has it. */
function textOf(value: unknown, manner: Manner): string | undefined {
  switch (typeof value) {
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return listText(value, manner);
      return manner.inputs.includes(value)
        ? `{"relation":${manner.numbers.get(value as Relation)}}`
        : objectText(value, manner);
    case 'bigint':
      return `{"bigint":"${value}"}`;
    default:
      return JSON.stringify(value);
  }
}

function listText(list: readonly unknown[], manner: Manner): string {
  let text = '';
  for (const item of list) text += `${text === '' ? '' : ','}${textOf(item, manner) ?? 'null'}`;
  return `[${text}]`;
}

function objectText(object: object, manner: Manner): string {
  let text = '';
  for (const key of Object.keys(object)) {
    if (key === 'label' && !manner.named) continue;
    const of = (object as Record<string, unknown>)[key];
    const value = OURS.has(key) ? textOf(of, manner) : (JSON.stringify(of) as string | undefined);
    if (value !== undefined) text += `${text === '' ? '' : ','}"${key}":${value}`;
  }
  return `{${text}}`;
}
