import type { SourceSpan } from '../../compiler/diagnostics/index.js';
import type { Spans } from '../definition.js';
import type { SourceText } from './text.js';

interface Place {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** Remembers where nodes stand, by identity. It lives as long as the project it belongs to. */
export class SpanStore implements Spans {
  readonly #places = new Map<object, Place>();

  /** Notes a node's place, freezes the node and returns it. */
  mark<T extends object>(node: T, source: SourceText, start: number, end: number): T {
    this.#places.set(node, { source, start, end });
    return Object.freeze(node);
  }

  /** The same for a node that takes another's place. */
  like<T extends object>(node: T, other: object): T {
    const place = this.#places.get(other);
    if (place) this.#places.set(node, place);
    return Object.freeze(node);
  }

  of(node: object): SourceSpan | undefined {
    const place = this.#places.get(node);
    return place?.source.span(place.start, place.end);
  }
}
