import { resolve } from 'node:path';

import { hasErrors, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import {
  compareDiagnostics,
  diagnosticJson,
  formatDiagnostic,
  type DiagnosticJson,
} from '../compiler/diagnostics/print.js';
import type { LoadOptions, LoadResult } from '../models/index.js';
import type { Project, Spans } from '../models/definition.js';
import type { RuntimeOptions } from '../runtime/api.js';
import { documentText } from './document.js';
import { write, type Io } from './io.js';
import { near, paintFor, plural, type Paint } from './output.js';

/** Options every command takes (SEMANTICS §8). */
export interface Globals {
  readonly project?: string;
  readonly target?: string;
  readonly select?: readonly string[];
  readonly asOf?: string;
  readonly json?: boolean;
  readonly logFormat?: 'text' | 'json';
  readonly color?: boolean;
}

/** A project without errors. */
export interface Loaded {
  readonly project: Project;
  readonly spans: Spans;
  readonly warnings: readonly Diagnostic[];
}

/** One invocation: where it prints, and what it was told. */
export class Context {
  readonly json: boolean;
  /** For commands that go on until they are told to stop: JSON is an object a line, and an interrupt is theirs to answer. */
  goesOn = false;
  /** For how long another process's lock is waited for, in microseconds: `--wait`. */
  wait: bigint | undefined;
  /** Colours of standard output and of standard error. */
  readonly paint: Paint;
  readonly errPaint: Paint;

  constructor(
    readonly io: Io,
    readonly globals: Globals,
    private readonly argv: readonly string[],
    /** The command's name, once it is known. */
    private readonly command?: string,
  ) {
    this.json = globals.json === true;
    this.paint = paintFor(io.stdout, io.env, globals.color !== false);
    this.errPaint = paintFor(io.stderr, io.env, globals.color !== false);
  }

  /** The command line, for the lock and the `runs` table. */
  get invocation(): string {
    return ['rollcall', ...this.argv.map(withoutPassword)]
      .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
      .join(' ');
  }

  get projectDir(): string {
    return resolve(this.io.cwd, this.globals.project ?? '.');
  }

  /** What people read: standard output, or standard error where that is for the document of `--json`. */
  async print(text = ''): Promise<void> {
    await write(this.json ? this.io.stderr : this.io.stdout, `${text}\n`);
  }

  /** Colours of where `print` goes. */
  get printPaint(): Paint {
    return this.json ? this.errPaint : this.paint;
  }

  /** What is beside the result: progress, warnings, hints. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** The one document of `--json`, or one of its lines. */
  async document(value: unknown): Promise<void> {
    await write(this.io.stdout, `${documentText(value, !this.goesOn)}\n`);
  }

  /** Prints problems to standard error, in the order of files and places. */
  report(diagnostics: readonly Diagnostic[]): void {
    const color = this.errPaint.isColorSupported;
    for (const diagnostic of [...diagnostics].sort(compareDiagnostics))
      this.note(formatDiagnostic(diagnostic, { color }));
  }

  /** Reads the project; throws `UserError` with every problem when there is an error among them. */
  async load(options: Pick<LoadOptions, 'onFound'> = {}): Promise<Loaded> {
    const { project, spans, diagnostics } = await this.loadAll(options);
    if (project === undefined || hasErrors(diagnostics)) throw new UserError(diagnostics);
    return { project, spans, warnings: diagnostics };
  }

  /**
   * Reads the project with all its problems, for `validate`. `detached`: nothing of its settings is used, so no
   * variable has to be set; of `--target` only the name is checked.
   */
  async loadAll({
    detached = false,
    ...options
  }: Pick<LoadOptions, 'detached' | 'onFound'> = {}): Promise<LoadResult> {
    const { loadProject } = await import('../models/index.js');
    const { target } = this.globals;
    return loadProject({
      dir: this.projectDir,
      env: this.io.env,
      ...options,
      detached,
      ...(target === undefined ? {} : { target }),
    });
  }

  /** What the runtime needs of a project. */
  runtime({ project, spans }: Pick<Loaded, 'project' | 'spans'>): RuntimeOptions {
    const { now, signal, dialectFor } = this.io;
    return {
      project,
      spans,
      now,
      ...(signal === undefined ? {} : { signal }),
      ...(dialectFor && { dialectFor }),
      ...(this.command === undefined ? {} : { command: this.command }),
      ...(this.wait === undefined
        ? {}
        : {
            waitMs: Number(this.wait / 1000n),
            onWait: ({ message }: Diagnostic) => this.note(`waiting: ${message}`),
          }),
    };
  }

  /** `--select` and `--as-of`, as the runtime takes them. */
  get selection(): { readonly select?: readonly string[] } {
    const { select } = this.globals;
    return select === undefined || select.length === 0 ? {} : { select };
  }

  get asOf(): { readonly asOf?: string } {
    const { asOf } = this.globals;
    return asOf === undefined ? {} : { asOf };
  }

  /** A path of the project as it is typed from here. */
  pathFromHere(path: string): string {
    return near(this.io.cwd, resolve(this.projectDir, path));
  }
}

/** The password of an address, should one be typed: the command line is recorded. */
const withoutPassword = (word: string): string => word.replace(/(:\/\/[^:@/\s]*:)[^@\s]+@/g, '$1***@');

/** Problems as `--json` prints them, in the order of files and places. */
export function problemsJson(diagnostics: readonly Diagnostic[]): readonly DiagnosticJson[] {
  return [...diagnostics].sort(compareDiagnostics).map(diagnosticJson);
}

/** `2 errors, 1 warning`. */
export function problemCount(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((d) => d.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return parts.join(', ');
}
