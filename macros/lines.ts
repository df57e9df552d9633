/** Offsets of Handlebars' places: lines from 1, columns from 0. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(private readonly text: string) {
    for (const match of text.matchAll(/\r\n?|\n/g)) this.#starts.push(match.index + match[0].length);
  }

  offset({ line, column }: { readonly line: number; readonly column: number }): number {
    const start = this.#starts[line - 1] ?? this.text.length;
    return Math.min(this.text.length, start + column);
  }

  /** Where a line ends, its line break left out. */
  end(line: number): number {
    const text = this.text.slice(this.#starts[line - 1] ?? 0, this.#starts[line] ?? this.text.length);
    return (this.#starts[line - 1] ?? 0) + text.replace(/[\r\n]+$/, '').length;
  }
}
