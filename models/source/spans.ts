import type { SourceSpan } from '../../compiler/diagnostics/index.js';
import type { Spans } from '../definition.js';
import type { SourceText } from './text.js';

/** Where a node stands, as a diagnostic says it; nothing where nobody knows. */
export function spanOf(spans: Spans, node: object | undefined): { readonly span?: SourceSpan } {
  const span = node && spans.of(node);
  return span ? { span } : {};
}

interface Place {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

interface TextPlace {
  readonly source: SourceText;
  readonly place: (offset: number) => number;
}

/** Remembers where nodes stand, by identity. It lives as long as the project it belongs to. */
export class SpanStore implements Spans {
  readonly #places = new Map<object, Place>();
  readonly #texts = new Map<object, TextPlace>();

  /** Notes a node's place, freezes the node and returns it. */
  mark<T extends object>(node: T, source: SourceText, start: number, end: number): T {
    this.#places.set(node, { source, start, end });
    return Object.freeze(node);
  }

  /** Notes where the text that a node holds stands: `place` leads from its offsets to those of the file. */
  markText(node: object, source: SourceText, place: (offset: number) => number = (offset) => offset): void {
    this.#texts.set(node, { source, place });
  }

  /** The same as `mark` for a node that takes another's place. */
  like<T extends object>(node: T, other: object): T {
    const place = this.#places.get(other);
    if (place) this.#places.set(node, place);
    return Object.freeze(node);
  }

  within(node: object, start: number, end: number): SourceSpan | undefined {
    const text = this.#texts.get(node);
    if (!text) return undefined;
    const from = text.place(start);
    return text.source.span(from, Math.max(text.place(end), from + 1));
  }

  of(node: object): SourceSpan | undefined {
    const place = this.#places.get(node);
    return place?.source.span(place.start, place.end);
  }
}
