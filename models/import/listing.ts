/** Listings of audiences and computed traits as Segment's Public API gives them, found in any of its envelopes. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { field } from '../build/context.js';
import type { DefinitionKind } from '../definition.js';
import { inFile } from '../load/result.js';
import { parseJson, type JsonNode, type ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import { SourceText } from '../source/text.js';

/** One audience or computed trait of a listing. */
export interface ListedItem {
  /** Absent where the envelope does not say: the query does. */
  readonly kind?: DefinitionKind;
  readonly node: ObjectNode;
  readonly source: SourceText;
}

export interface Listing {
  readonly items: readonly ListedItem[];
  /** Errors when the text is no listing; a warning when it has more pages. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Properties that hold items, and what those are. */
const HOLDERS: Readonly<Record<string, DefinitionKind>> = {
  audiences: 'audience',
  audience: 'audience',
  computedTraits: 'trait',
  computedTrait: 'trait',
  computed_traits: 'trait',
  computed_trait: 'trait',
};

/** Reads a listing: one object, a list, or the envelope with `data.audiences` or `data.computedTraits`. */
export function readListing(text: string, file: string): Listing {
  const source = new SourceText(file, text);
  const { root, problems } = parseJson(text);
  if (root === undefined || problems.length > 0) return { items: [], diagnostics: inFile(problems, source) };
  const found: Problem[] = [];
  const items = itemsOf(root, source, found);
  if (items === undefined) {
    found.push({
      code: 'invalid-value',
      message: 'the file holds neither audiences nor computed traits',
      hint: 'expected is what the Public API lists: { "data": { "audiences": [ … ] } }, a list, or one object with a "definition"',
      start: root.start,
      end: root.start + 1,
    });
  }
  return { items: items ?? [], diagnostics: inFile(found, source) };
}

function itemsOf(root: JsonNode, source: SourceText, found: Problem[]): readonly ListedItem[] | undefined {
  if (root.type === 'array') {
    // A list of items, or of pages.
    const lists = root.items.map((item) => itemsOf(item, source, found));
    return lists.some((list) => list === undefined) ? undefined : lists.flatMap((list) => list ?? []);
  }
  if (root.type !== 'object') return undefined;
  const data = field(root, 'data');
  const holder = data?.type === 'object' ? data : root;
  const held = Object.entries(HOLDERS).flatMap(([name, kind]) => {
    const node = field(holder, name);
    return node?.type === 'object' || node?.type === 'array' ? [{ node, kind }] : [];
  });
  if (held.length > 0) {
    const items = held.flatMap(({ node, kind }) =>
      (node.type === 'array' ? node.items : [node]).map((item) =>
        item.type === 'object' ? { kind, node: item, source } : undefined,
      ),
    );
    if (items.some((item) => item === undefined)) return undefined;
    found.push(...morePages(holder, root, items.length));
    return items.flatMap((item) => item ?? []);
  }
  if (data?.type === 'array') return itemsOf(data, source, found);
  return field(holder, 'definition') === undefined ? undefined : [{ node: holder, source }];
}

function morePages(holder: ObjectNode, root: ObjectNode, count: number): readonly Problem[] {
  const pagination = field(holder, 'pagination') ?? field(root, 'pagination');
  if (pagination?.type !== 'object') return [];
  const next = field(pagination, 'next');
  if (typeof next?.value !== 'string' || next.value === '') return [];
  const total = field(pagination, 'totalEntries')?.value;
  const of = typeof total === 'number' ? ` of ${total}` : '';
  return [
    {
      code: 'partial-listing',
      severity: 'warning',
      message: `the listing goes on: ${count}${of} are in this page`,
      hint: `fetch the next page (pagination.cursor=${next.value}) and import it too`,
      start: next.start,
      end: next.end,
    },
  ];
}
