import { createColors } from 'picocolors';

import type { Code, Diagnostic, Severity, SourceSpan } from './index.js';

/** One problem as `--json` prints it: the diagnostic, with its place flattened for tools that want columns. */
export interface DiagnosticJson {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  readonly definition?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly end_line?: number;
  readonly end_column?: number;
}

/** What a terminal line can show beside the caret; a minified file has lines of megabytes. */
const SHOWN = 110;

/**
 * A problem for people (SEMANTICS §8): `file:line:column code message`, then the line, a caret under the
 * place, and `hint: …` where there is one. A warning says so before its code.
 *
 * @param options.color ANSI colours; off by default, so that captured output is plain.
 */
export function formatDiagnostic(diagnostic: Diagnostic, options: { readonly color?: boolean } = {}): string {
  const paint = createColors(options.color === true);
  const { span, severity } = diagnostic;
  const code = severity === 'error' ? paint.red(diagnostic.code) : paint.yellow(`warning ${diagnostic.code}`);
  const place = span === undefined ? '' : `${paint.bold(formatPlace(span))} `;
  const lines = [`${place}${code} ${printable(diagnostic.message)}`];
  if (span?.lineText !== undefined) {
    const { text, caret } = excerpt(span, span.lineText);
    lines.push(`  ${text}`.trimEnd(), `  ${paint.red(caret)}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${paint.cyan('hint:')} ${printable(diagnostic.hint)}`);
  return lines.join('\n');
}

/** `file:line:column`, on one line whatever the file is called. */
export function formatPlace(span: SourceSpan): string {
  return `${printable(span.file)}:${span.start.line}:${span.start.column}`;
}

/** The JSON form of a problem; absent parts are absent, not null. */
export function diagnosticJson(diagnostic: Diagnostic): DiagnosticJson {
  const { code, severity, message, hint, definition, span } = diagnostic;
  return {
    code,
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(definition === undefined ? {} : { definition }),
    ...(span === undefined
      ? {}
      : {
          file: span.file,
          line: span.start.line,
          column: span.start.column,
          end_line: span.end.line,
          end_column: span.end.column,
        }),
  };
}

/** By file, then place, then code: the order every command prints in. Problems without a place come first. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  const [s, t] = [a.span, b.span];
  if (s === undefined || t === undefined) return Number(s !== undefined) - Number(t !== undefined);
  return (
    order(s.file, t.file) ||
    s.start.line - t.start.line ||
    s.start.column - t.start.column ||
    order(a.code, b.code)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The part of the line around the place, and the caret line under it (a tab stays a tab, to line up). */
function excerpt(span: SourceSpan, line: string): { text: string; caret: string } {
  const start = span.start.column - 1;
  const end = span.end.line === span.start.line ? span.end.column - 1 : line.length;
  const from =
    line.length <= SHOWN ? 0 : Math.max(0, Math.min(start - Math.floor(SHOWN / 4), line.length - SHOWN));
  const to = Math.min(line.length, from + SHOWN);
  const before = from > 0 ? '…' : '';
  const text = before + oneColumn(line.slice(from, to)) + (to < line.length ? '…' : '');
  const pad = before.replace(/./u, ' ') + line.slice(from, start).replace(/[^\t]/g, ' ');
  return { text, caret: pad + '^'.repeat(Math.max(1, Math.min(end, to) - start)) };
}

/** Control characters by a picture of the same width: a file must not drive the terminal. */
function oneColumn(text: string): string {
  return text.replace(/(?!\t)[\p{Cc}\u2028\u2029]/gu, '·');
}

/** Control characters escaped, so that one message is one line. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => {
    if (c === '\n') return '\\n';
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
