/** How text looks: tables, numbers, durations, colours. */
import { isAbsolute, relative } from 'node:path';

import Table from 'cli-table3';
import pc from 'picocolors';

import { figure as count } from '../runtime/figures.js';
import type { Io, Sink } from './io.js';

export { count };

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours for a stream: not into a file or pipe, not under NO_COLOR, not when told so. */
export function paintFor(sink: Sink, env: Io['env'], color: boolean): Paint {
  return pc.createColors(color && colorful(sink, env));
}

function colorful(sink: Sink, env: Io['env']): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return sink.isTTY === true && env['TERM'] !== 'dumb';
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A column of numbers. */
export const right = (title: string): Column => ({ title, align: 'right' });

export type Cell = string | number | null | undefined;

const NONE = '';
const PLAIN_FRAME = {
  'top': NONE, 'top-mid': NONE, 'top-left': NONE, 'top-right': NONE,
  'bottom': NONE, 'bottom-mid': NONE, 'bottom-left': NONE, 'bottom-right': NONE,
  'left': NONE, 'left-mid': NONE, 'mid': NONE, 'mid-mid': NONE,
  'right': NONE, 'right-mid': NONE, 'middle': '  ',
}; // prettier-ignore

/** A table without lines: columns two spaces apart, numbers to the right, a dim head. */
export function table(paint: Paint, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const grid = new Table({
    head: columns.map((c) => paint.dim(c.title)),
    colAligns: columns.map((c) => c.align ?? 'left'),
    chars: PLAIN_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) grid.push(columns.map((_, i) => cellText(row[i])));
  return grid.toString().replace(/[ \t]+$/gm, '');
}

/** A number with thousands apart; nothing as a dash; control characters never reach the terminal. */
function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'number') return count(cell);
  // Data must not drive the terminal; ESC is left for our own colours.
  return cell.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => (control === '\u001b' ? control : '·'));
}

/** Text from the warehouse or a file, safe to show: it could hold escape sequences. */
export function shown(text: string | null | undefined, most = 60): string | null {
  if (text === null || text === undefined) return null;
  const clean = text.replaceAll('\u001b', '·');
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

/** `1 message`, `2 messages`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `8 ms`, `1.2 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `+12`, or nothing to see for 0. */
export function signed(n: number, sign: '+' | '−'): string {
  return n === 0 ? '·' : `${sign}${count(n)}`;
}

/** How many came or went; only what moved has a colour. */
export function moved(n: number | null, sign: '+' | '−', color: (text: string) => string): string | null {
  if (n === null) return null;
  return n === 0 ? signed(n, sign) : color(signed(n, sign));
}

/** How many values changed: of an audience that is who entered and exited, and told already. */
export function changedCell(d: { readonly kind: string; readonly changed: number | null }): string | null {
  if (d.kind !== 'trait') return '';
  return d.changed === null ? null : d.changed === 0 ? '·' : count(d.changed);
}

/** An instant as people read it: `2017-06-01 00:00`, with seconds only where there are any. */
export function instant(iso: string | null): string | null {
  if (iso === null) return null;
  return iso
    .replace('T', ' ')
    .replace(/(:00)?(\.0+)?Z$/, '')
    .replace(/\.\d+$/, '');
}

const BARS = '▁▂▃▄▅▆▇█';

/** A line of bars as high as the numbers, the least at the bottom. */
export function sparkline(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values
    .map((v) => BARS[high === low ? 0 : Math.round(((v - low) / (high - low)) * (BARS.length - 1))])
    .join('');
}

/** A path as it is typed in `cwd`: relative where it is below. */
export function near(cwd: string, path: string): string {
  const short = relative(cwd, path);
  if (short === '') return '.';
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}
