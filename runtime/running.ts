/** One run, from its beginning to what it leaves: its phases, what it records of itself, its result. */
import { UserError, type Diagnostic, type ExitCode } from '../compiler/diagnostics/index.js';
import { LAYOUT_VERSION, PROJECT } from '../compiler/program/state.js';
import type { Step } from '../compiler/program/types.js';
import { guardOf, ownerOf, type DefinitionKind, type ProjectConfig } from '../models/definition.js';
import type {
  DefinitionResult,
  LandingResult,
  RunEventBody,
  RunOptions,
  RunResult,
  RunStatus,
} from './api.js';
import { writeRunArtifacts } from './artifacts.js';
import { computeAll, type ComputeContext } from './compute.js';
import type { DefinitionRow } from './existing.js';
import { Executor, OutcomeUnknown } from './executor.js';
import { fenceOf } from './fence.js';
import { freshnessOf } from './freshness.js';
import type { Freshness } from './freshness-api.js';
import { runFailed } from './failures.js';
import { elapsed, isoOf, microsOf } from './instants.js';
import { land } from './landing.js';
import { Ledger, UNMEASURED } from './ledger.js';
import { ranBefore, type Prepared } from './prepare.js';
import { publishAll } from './publish.js';
import type { Drift } from './reconcile.js';
import { Cancelled, sleep } from './retry.js';
import { inTurns, Rendering } from './rendering.js';
import { watermarksOf, type Bindings, type Script } from './script.js';
import type { Session } from './session.js';
import { stepProgress } from './step-progress.js';
import { Store } from './store.js';
import type { Tracing } from './tracing.js';

/** A run of a program that was prepared for an instant; executed once. */
export class Run {
  private readonly startedAt: string;
  private readonly store: Store;
  private readonly executor: Executor;
  private readonly ledger: Ledger;
  private readonly bindings: Bindings;
  private readonly rendering: Rendering;
  private readonly context: ComputeContext;
  private readonly diagnostics: Diagnostic[] = [];
  private landing: readonly LandingResult[] = [];
  private begun = false;
  private published = false;
  private freshness: Freshness | undefined;

  constructor(
    private readonly options: RunOptions,
    private readonly session: Session,
    private readonly prepared: Prepared,
    private readonly asOf: string,
    private readonly runId: string,
    private readonly tracing: Tracing,
    drift?: Drift,
  ) {
    this.startedAt = this.now();
    this.store = new Store(session.state, prepared.stored.existing.tables.get('run_steps'));
    this.executor = new Executor({
      session,
      store: this.store,
      runId,
      sleep: options.sleep ?? sleep,
      tracing,
      fence: fenceOf(session, runId, () =>
        this.begun ? this.bindings.runNo : prepared.stored.runs.last?.runNo,
      ),
      onRetry: ({ step, attempt, delayMs, error }) =>
        this.emit({ event: 'retry', step, attempt, delay_ms: delayMs, error: error.message }),
      ...(options.onEvent && { onProgress: stepProgress((event) => this.emit(event)) }),
    });
    const { stored, selection, resolved, program, numbering } = prepared;
    this.ledger = new Ledger(runId, asOf);
    for (const key of selection.keys) {
      const definition = resolved.byKey.get(key)?.definition;
      const definitionNo = numbering.bindings.get(key)?.definitionNo;
      if (definition && definitionNo !== undefined) {
        this.ledger.add(definition, stored.definitions.get(key), definitionNo, prepared.idle.has(key));
      }
    }
    this.bindings = {
      asOf,
      runId,
      runNo: (stored.runs.last?.runNo ?? 0) + 1,
      startedAt: this.startedAt,
      definitions: numbering.bindings,
      watermarks: watermarksOf(stored),
    };
    this.rendering = new Rendering(program, session, this.bindings, stored.existing);
    this.context = {
      executor: this.executor,
      ledger: this.ledger,
      spans: session.spans,
      emit: (event) => this.emit(event),
      now: () => this.now(),
      warn: (diagnostic) => this.warn(diagnostic),
      guardOf: guardsOf(session.project.config, prepared.accepted),
      ...(drift && { drift }),
    };
  }

  async execute(): Promise<RunResult> {
    const rendered = this.render();
    // It is looked at later, when landing has failed perhaps.
    const settled = rendered.catch(() => undefined);
    try {
      return await this.inPhases(rendered);
    } finally {
      await settled;
    }
  }

  /** Renders what comes after landing, whenever there is nothing else to do, and writes the artifacts. */
  private async render(): Promise<Script> {
    const script = await inTurns(this.rendering.rest());
    if (this.options.artifacts ?? true)
      await writeRunArtifacts(this.prepared.resolved, script, this.asOf, this.startedAt);
    return script;
  }

  private async inPhases(rendered: Promise<Script>): Promise<RunResult> {
    const { options, prepared, rendering } = this;
    const { program } = prepared;
    // What an engine cannot do is to cost nothing: only what ran before, as it is, is rendered while the run lands.
    if (!ranBefore(prepared)) await rendered;
    for (const diagnostic of prepared.diagnostics) this.warn(diagnostic);
    await this.phase('begin', () => this.begin());
    const definitions = program.definitions.length;
    this.emit({ event: 'run_started', as_of: this.asOf, definitions, sources: program.land.length });
    try {
      const landed = await this.phase('land', () => land(rendering.landing, this.context, rendered));
      const script = await rendered;
      this.landing = landed.results;
      for (const warning of landed.warnings) this.warn(warning);
      // Rows that were read anew may have lost some: what is gone leaves no trace to follow.
      const anew = landed.results.some(({ mode }) => mode === 'full');
      const computing = anew ? script.inFull() : script;
      await this.phase('profiles', () =>
        this.executor.transaction(async () => {
          await this.executor.run(computing.shared);
          await this.perform(
            this.store.writeDefinitions(this.ledger.firstTimers('computing'), 'run.computing'),
          );
        }, script.around.shared),
      );
      const ready = await this.phase('compute', () => computeAll(computing, this.context));
      await this.phase('publish', () => publishAll(ready, computing, this.context, () => this.outcome()));
      this.published = true;
      if (options.freshness) await this.measure();
    } catch (error) {
      return this.failed(error);
    }
    const failed = this.failures().length > 0;
    this.diagnostics.push(...this.failures());
    return this.finished(this.statusNow(), failed ? 1 : 0);
  }

  private phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.tracing.span(`rollcall.${name}`, {}, work);
  }

  /** Makes the state, and the run and its definitions known, before anything is computed. */
  private async begin(): Promise<void> {
    const { rendering, store, session } = this;
    const { ensure } = rendering.landing;
    const { unfinished } = this.prepared.stored.runs;
    try {
      if (!session.dialect.capabilities.transactionalDdl) await this.executor.run(ensure);
      await this.executor.transaction(async () => {
        if (session.dialect.capabilities.transactionalDdl) await this.executor.run(ensure);
        const meta = {
          layout_version: String(LAYOUT_VERSION),
          next_definition_no: String(this.prepared.numbering.next),
          [PROJECT]: this.session.project.config.name,
        };
        // Whoever holds the lock is alone, so a run that says it is running is dead.
        const crashed = unfinished.map((run) => ({
          run_id: run.runId,
          status: 'crashed',
          finished_at: null,
          error: 'the process ended before the run did',
        }));
        await this.perform([
          ...store.writeMeta(meta, 'run.layout'),
          ...store.finishRuns(crashed, 'run.crashed'),
          store.beginRun(this.record()),
          ...store.writeDefinitions(this.ledger.newRows(), 'run.definitions'),
        ]);
      });
      this.begun = true;
    } catch (error) {
      if (error instanceof Cancelled || (error instanceof UserError && error.exit === 3)) throw error;
      throw new UserError(runFailed(error, 'warehouse-unavailable'), 4, { cause: error });
    }
  }

  /** It is published: that it cannot be said how fresh it is undoes nothing. */
  private async measure(): Promise<void> {
    const { session, landing, bindings, ledger } = this;
    const found = freshnessOf(session, landing, bindings.watermarks, ledger.messages(), this.now());
    this.freshness = await found.catch(() => undefined);
  }

  /** What the publishing transaction records. */
  private outcome(): Step[] {
    const error = this.failures()[0]?.message ?? null;
    return [
      ...this.store.writeDefinitions(
        [...this.ledger.outcomeRows(), ...this.removedRows()],
        'publish.definitions',
      ),
      ...this.store.finishRuns(
        [{ run_id: this.runId, status: this.statusNow(), finished_at: this.now(), error }],
        'publish.run',
      ),
    ];
  }

  private removedRows(): DefinitionRow[] {
    return this.prepared.program.removed.flatMap(({ key }) => {
      const row = this.prepared.stored.definitions.get(key);
      return row ? [{ ...row, status: 'removed', retiredAt: this.asOf }] : [];
    });
  }

  private removedResults(): DefinitionResult[] {
    return this.removedRows().map(({ key, kind }) => ({
      key,
      kind: kind as DefinitionKind,
      status: 'removed',
      size: 0,
      entered: null,
      exited: null,
      changed: null,
      rows: 0,
      duration_ms: 0,
      ...UNMEASURED,
    }));
  }

  private failures(): Diagnostic[] {
    // What a definition's outputs share is said once.
    return [...new Set(this.ledger.results().flatMap((r) => (r.error ? [r.error] : [])))];
  }

  private statusNow(): RunStatus {
    const results = this.ledger.results();
    if (!results.some((r) => r.error)) return 'succeeded';
    return results.some((r) => r.status === 'succeeded') ? 'partial' : 'failed';
  }

  /** Nothing was published: records why, as far as the warehouse still listens. */
  private async failed(error: unknown): Promise<RunResult> {
    const cancelled = error instanceof Cancelled;
    const status = cancelled ? 'cancelled' : 'failed';
    const message = error instanceof Error ? error.message : String(error);
    this.ledger.unpublish();
    this.executor.finish();
    const record = (): Promise<void> =>
      this.executor.transaction(async () => {
        const run = {
          run_id: this.runId,
          status,
          finished_at: this.now(),
          error: cancelled ? null : message,
        };
        await this.perform([
          ...this.store.writeDefinitions(this.ledger.firstTimers('preparing'), 'run.definitions'),
          ...this.store.finishRuns([run], 'run.finish'),
        ]);
      });
    // What may have been published must not be said to have failed.
    if (!(error instanceof OutcomeUnknown)) await record().catch(() => undefined);
    if (!cancelled) this.diagnostics.push(...runFailed(error));
    return this.finished(status, error instanceof UserError ? error.exit : 1);
  }

  private finished(status: RunStatus, exit: ExitCode): RunResult {
    const finishedAt = this.now();
    const { measures } = this.executor;
    const definitions = this.ledger.results(measures.byDefinition());
    const result: RunResult = {
      run_id: this.runId,
      as_of: this.asOf,
      status,
      started_at: this.startedAt,
      finished_at: finishedAt,
      duration_ms: elapsed(this.startedAt, finishedAt),
      invocation: this.options.invocation,
      definitions: [...definitions, ...(this.published ? this.removedResults() : [])],
      landing: this.landing,
      ...(this.freshness && { freshness: this.freshness }),
      steps: measures.steps,
      diagnostics: this.diagnostics,
      exit,
    };
    this.emit({
      event: 'run_finished',
      as_of: this.asOf,
      status,
      exit,
      duration_ms: result.duration_ms,
      succeeded: definitions.filter((d) => d.status === 'succeeded').length,
      failed: definitions.filter((d) => d.error !== undefined).length,
    });
    return result;
  }

  private record(): Parameters<Store['beginRun']>[0] {
    const { runId, asOf, startedAt, options, bindings } = this;
    return {
      run_id: runId,
      as_of: asOf,
      status: 'running',
      started_at: startedAt,
      finished_at: null,
      invocation: options.invocation,
      run_no: bindings.runNo,
      error: null,
    };
  }

  private async perform(steps: readonly Step[]): Promise<void> {
    await this.executor.run(steps.map((step) => this.executor.render(step)));
  }

  private warn(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
    this.emit({ event: 'warning', diagnostic });
  }

  private now(): string {
    return isoOf(microsOf(this.options.now()));
  }

  private emit(event: RunEventBody): void {
    this.options.onEvent?.({ ...event, run_id: this.runId, at: this.now() });
  }
}

/** The guards of a run, but for what it is told to accept. */
const guardsOf =
  (config: ProjectConfig, accepted: Prepared['accepted']): ComputeContext['guardOf'] =>
  (definition) => {
    const isAccepted = (key: string): boolean => accepted === 'everything' || accepted.has(key);
    if (isAccepted(definition.key) || isAccepted(ownerOf(definition).key)) return undefined;
    return guardOf(definition, config);
  };
