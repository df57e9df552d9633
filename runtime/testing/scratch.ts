/** A warehouse in memory for one test: lands, runs, and says what was published. */
import { CompilerBug, UserError, type Diagnostic } from '../../compiler/diagnostics/index.js';
import { pick } from '../../compiler/ir/build.js';
import { contractViews } from '../../compiler/program/views.js';
import type { Step } from '../../compiler/program/types.js';
import type { Dialect } from '../../dialects/dialect.js';
import { dialectFor } from '../../dialects/registry.js';
import { keptOpen, type Warehouse } from '../../dialects/warehouse.js';
import type { RuntimeOptions } from '../api.js';
import { runProject } from '../run.js';
import { textOf, withSession } from '../session.js';
import { SCRATCH_ENGINE, type ScratchProject } from './project.js';

/** Profile ids by audience, and JSON texts by trait and profile id. */
export interface Published {
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly values: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export class Scratch {
  private runs = 0;

  private constructor(
    private readonly scratch: ScratchProject,
    private readonly dialect: Dialect,
    private readonly warehouse: Warehouse,
    private readonly signal: AbortSignal | undefined,
  ) {}

  static async open(
    scratch: ScratchProject,
    { signal, dialectFor: find = dialectFor }: Pick<RuntimeOptions, 'signal' | 'dialectFor'>,
  ): Promise<Scratch> {
    const dialect = await find(SCRATCH_ENGINE);
    const { project } = scratch;
    const settings = project.config.targets[project.config.target];
    if (settings === undefined) throw new CompilerBug('a scratch project has no target');
    const warehouse = await dialect.open({ settings, projectDir: project.dir, mode: 'write' });
    return new Scratch(scratch, dialect, warehouse, signal);
  }

  close(): Promise<void> {
    return this.warehouse.close();
  }

  async execute(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      for (const { sql } of this.dialect.statements(step, {})) await this.warehouse.execute(sql);
    }
  }

  /** Runs everything at an instant; gives what went wrong. */
  async run(asOf: string): Promise<readonly Diagnostic[]> {
    this.runs += 1;
    const runId = `test-${this.runs}`;
    const options = { asOf, newRunId: () => runId, invocation: 'rollcall test', artifacts: false };
    try {
      const result = await runProject({ ...this.runtime(asOf), ...options });
      const failed = result.definitions.flatMap(({ error }) => error ?? []);
      const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
      return result.exit === 0 ? [] : [...new Set([...errors, ...failed])];
    } catch (error) {
      if (error instanceof UserError) return error.diagnostics;
      throw error;
    }
  }

  /** What the last run left. */
  async published(asOf: string): Promise<Published> {
    return withSession(this.runtime(asOf), { mode: 'read' }, async (session) => {
      const view = (name: string) => {
        const found = contractViews(session.state).find((one) => one.view.name === name);
        if (found === undefined) throw new CompilerBug(`no view ${name}`);
        return found.query;
      };
      const members = new Map<string, Set<string>>();
      for (const row of await session.rows(pick(view('memberships'), ['audience_key', 'profile_id']))) {
        const key = textOf(row, 'audience_key');
        members.set(key, (members.get(key) ?? new Set()).add(textOf(row, 'profile_id')));
      }
      const values = new Map<string, Map<string, string>>();
      for (const row of await session.rows(
        pick(view('trait_values'), ['trait_key', 'profile_id', 'value']),
      )) {
        const key = textOf(row, 'trait_key');
        values.set(
          key,
          (values.get(key) ?? new Map<string, string>()).set(textOf(row, 'profile_id'), textOf(row, 'value')),
        );
      }
      return { members, values };
    });
  }

  /** The same warehouse for every run: what is in memory must outlive them. The present is that of the test. */
  private runtime(asOf: string): RuntimeOptions {
    const { project, spans } = this.scratch;
    const kept = keptOpen(this.warehouse);
    const dialect: Dialect = { ...this.dialect, open: () => Promise.resolve(kept) };
    const { signal } = this;
    return {
      project,
      spans,
      now: () => asOf,
      dialectFor: () => Promise.resolve(dialect),
      ...(signal && { signal }),
    };
  }
}
