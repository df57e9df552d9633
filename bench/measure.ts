/** What the benchmarks share: medians, tables, child processes and their peak memory. */
import { execFile, spawn } from 'node:child_process';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..');

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
}

export const geometricMean = (list: readonly number[]): number =>
  Math.exp(list.reduce((sum, n) => sum + Math.log(n), 0) / list.length);

export function machine(): string {
  const load = loadavg()
    .map((n) => n.toFixed(1))
    .join(' ');
  return `${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 1024 ** 3)} GB, ${platform()} ${arch()}, Node ${process.version}; load ${load}`;
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}

/** Builds `dist/`, unless BENCH_REUSE says to take it as it is. */
export async function build(): Promise<void> {
  if (!process.env['BENCH_REUSE']) await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
}

export interface Spawned {
  readonly stdout: string;
  readonly seconds: number;
  /** Processor time, of all threads; says more than `seconds` on a machine that others use too. */
  readonly cpuSeconds: number;
  readonly maxRssMB: number;
  /** The largest JavaScript heap seen, looked at every 20 ms. */
  readonly heapMB: number;
}

// Runs inside the child, which tells its peaks through file descriptor 3.
const PEAKS = `import { writeSync } from 'node:fs';
let heap = 0;
setInterval(() => { heap = Math.max(heap, process.memoryUsage().heapUsed); }, 20).unref();
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  writeSync(3, JSON.stringify([maxRSS / 1024, heap / 1048576, (userCPUTime + systemCPUTime) / 1e6]));
});`;

/** Runs Node with these arguments to its end; a failure throws what it printed. */
export function spawned(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Spawned> {
  return new Promise((resolve, reject) => {
    const peaks = `data:text/javascript,${encodeURIComponent(PEAKS)}`;
    const start = performance.now();
    const child = spawn(process.execPath, ['--import', peaks, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const text = ['', '', '', ''];
    for (const n of [1, 2, 3])
      child.stdio[n]?.on('data', (chunk: Buffer) => (text[n] = (text[n] ?? '') + chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      const [, stdout = '', stderr = '', told = ''] = text;
      const seconds = (performance.now() - start) / 1000;
      if (code !== 0) return reject(new Error(`exit ${code}: ${stderr}${stdout}`));
      const [maxRssMB = NaN, heapMB = NaN, cpuSeconds = NaN] = JSON.parse(told) as number[];
      resolve({ stdout, seconds, cpuSeconds, maxRssMB, heapMB });
    });
  });
}
