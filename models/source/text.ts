import type { Position, SourceSpan } from '../../compiler/diagnostics/index.js';

/** The text of one file, and where its lines start; positions are worked out only when asked for. */
export class SourceText {
  #lineStarts: number[] | undefined;

  /** @param file relative to the project folder, with forward slashes */
  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  position(offset: number): Position {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  /** The text of a 1-based line, without its line end. */
  line(line: number): string {
    const starts = this.#starts();
    const from = starts[line - 1] ?? 0;
    return this.text.slice(from, starts[line] ?? this.text.length).replace(/[\r\n]+$/, '');
  }

  span(start: number, end: number): SourceSpan {
    const from = this.position(start);
    return { file: this.file, start: from, end: this.position(end), lineText: this.line(from.line) };
  }

  #starts(): number[] {
    if (this.#lineStarts !== undefined) return this.#lineStarts;
    const starts = [0];
    for (const match of this.text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
    this.#lineStarts = starts;
    return starts;
  }
}
