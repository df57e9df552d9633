/** The process that holds a Spark session (`bridge.py`): requests and answers, a line of JSON each. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError } from '../warehouse.js';

export interface Answer {
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly rows?: readonly (readonly (string | boolean | null)[])[];
  readonly done?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

export interface Request {
  readonly op: 'read' | 'execute' | 'describe' | 'explain' | 'schema' | 'version';
  readonly sql?: string;
  readonly schema?: string;
}

const SCRIPT = fileURLToPath(new URL('./bridge.py', import.meta.url));

/** One session; requests are answered one after the other. */
export class Bridge {
  private last = 0;
  private said = '';
  private readonly lines: AsyncIterator<string>;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(private readonly child: ChildProcess) {
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('a process without pipes');
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => (this.said = `${this.said}${text}`.slice(-4000)));
    this.lines = createInterface({ input: stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();
  }

  /**
   * @param python an interpreter that has pyspark
   * @param where a master, or the address of a Connect server
   */
  static async start(python: string, where: string, settings: readonly string[]): Promise<Bridge> {
    const child = spawn(python, [SCRIPT, where, ...settings], { stdio: ['pipe', 'pipe', 'pipe'] });
    const failed = once(child, 'error').then(([error]) => unreachable(String(error)));
    const bridge = new Bridge(child);
    await Promise.race([bridge.line(), failed.then((error) => Promise.reject(error))]);
    return bridge;
  }

  /** The parts of an answer, in order; a refused statement is thrown. */
  async *ask(request: Request): AsyncGenerator<Answer> {
    const before = this.turn;
    let free: () => void = () => undefined;
    this.turn = new Promise<void>((resolve) => (free = resolve));
    await before;
    const id = ++this.last;
    let open = true;
    try {
      this.child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
      while (open) {
        const answer = await this.line();
        open = !answer.done && answer.error === undefined;
        if (answer.error !== undefined)
          throw new StatementError(answer.error.split('\n')[0] ?? '', request.sql ?? '');
        yield answer;
      }
    } finally {
      // Who stops reading leaves the rest of the answer, which is not the next one's.
      while (open) {
        const answer = await this.line();
        open = !answer.done && answer.error === undefined;
      }
      free();
    }
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.stdin?.end();
    await gone;
  }

  private async line(): Promise<Answer> {
    const next = await this.lines.next();
    if (next.done === true) throw unreachable(this.said.trim().split('\n').at(-1) ?? 'the process ended');
    return JSON.parse(next.value) as Answer;
  }
}

const unreachable = (message: string): UserError =>
  new UserError(
    {
      code: 'warehouse-unavailable',
      severity: 'error',
      message: `Spark cannot be reached: ${message}`,
      hint: 'check "python" (it needs pyspark 4) and "master"',
    },
    4,
  );
