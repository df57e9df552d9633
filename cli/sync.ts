/** Delivery as `sync` and `run --sync` do it. */
import { syncDestinations, throwBadSettings, type SyncOptions, type SyncResult } from '../delivery/index.js';
import { pausedWays } from '../models/definition.js';
import { listDefinitions, withSession, type RunResult, type Session } from '../runtime/index.js';
import { problemsJson, type Context, type Loaded } from './context.js';
import { count, duration, right, table } from './output.js';
import { progressFor, type Progress } from './progress/index.js';

/** Which messages: destinations by their keys, definitions by any selector. */
export interface Chosen {
  readonly destinations?: ReadonlySet<string>;
  readonly definitions?: ReadonlySet<string>;
}

/** A setting that stops the delivery should stop before an hour of computing. */
export const refuseBadSettings = ({ project, spans }: Loaded): void =>
  throwBadSettings(project.destinations, spans);

/** What a run was of, where it was not of everything. */
export const selectedBy = ({ selection }: Context, { definitions }: RunResult): Chosen =>
  selection.select === undefined ? {} : { definitions: new Set(definitions.map(({ key }) => key)) };

/** Delivers after a run; undefined after one that published nothing, or was stopped. */
export async function syncAfter(
  context: Context,
  loaded: Loaded,
  { status }: RunResult,
  select: Chosen,
  shown?: Progress,
): Promise<SyncResult | undefined> {
  if (status === 'failed' || status === 'cancelled') return undefined;
  return syncProject(context, loaded, select, shown);
}

/** Delivers what waits, or of it what was chosen. */
export async function syncProject(
  context: Context,
  loaded: Loaded,
  select: Chosen,
  shown?: Progress,
): Promise<SyncResult> {
  const progress = shown ?? (await progressFor(context));
  const owner = { runId: context.io.newRunId(), command: context.invocation };
  try {
    return await withSession(context.runtime(loaded), { mode: 'write', owner, claims: true }, (session) =>
      syncDestinations({
        ...deliveryOf(context, session, select),
        leases: session.leases,
        writeRows: async (file) => (await import('../dialects/duckdb/row-files.js')).writeRowFile(file),
        onEvent: (event) => progress.sync(event),
      }),
    );
  } finally {
    await progress.end();
  }
}

/** What delivery needs of a session, and of what was chosen. */
export function deliveryOf(
  context: Context,
  { project, spans, warehouse, dialect, state }: Session,
  select: Chosen,
): SyncOptions {
  const { wait } = context;
  const { now, signal } = context.io;
  const onWait = (key: string): void => context.note(`waiting: another process delivers to ${key}`);
  return {
    ...(wait !== undefined && { wait: { ms: Number(wait / 1000n), onWait } }),
    warehouse,
    dialect,
    state,
    destinations: project.destinations,
    paused: pausedWays(project),
    projectDir: project.dir,
    spans,
    select,
    now,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Reads `--select` of a delivery: destinations by their keys, definitions by any selector. */
export async function choose(context: Context, loaded: Loaded): Promise<Chosen> {
  const known = new Set(loaded.project.destinations.map((d) => d.key));
  const words = (context.globals.select ?? []).flatMap((s) => s.split(/\s+/)).filter((s) => s !== '');
  const destinations = words.filter((s) => known.has(s));
  const select = words.filter((s) => !known.has(s));
  const definitions =
    select.length === 0 ? undefined : await listDefinitions({ ...context.runtime(loaded), select });
  return {
    ...(destinations.length === 0 ? {} : { destinations: new Set(destinations) }),
    ...(definitions === undefined ? {} : { definitions: new Set(definitions.definitions.map((d) => d.key)) }),
  };
}

export function syncJson(result: SyncResult): Omit<SyncResult, 'diagnostics'> & { diagnostics: unknown } {
  return { ...result, diagnostics: problemsJson(result.diagnostics) };
}

/** The table of a delivery, and its problems. */
export async function printSync(context: Context, result: SyncResult): Promise<void> {
  const paint = context.printPaint;
  if (result.destinations.length === 0) {
    await context.print('no destinations: add one to the folder destinations/');
    return;
  }
  const colour = {
    succeeded: paint.green,
    failed: paint.red,
    stopped: paint.red,
    disabled: paint.dim,
    busy: paint.yellow,
    not_due: paint.dim,
    cancelled: paint.yellow,
  };
  const filtered = result.destinations.some((d) => d.filtered > 0);
  const rows = result.destinations.map((d) => [
    d.key,
    d.type,
    colour[d.status](d.status),
    d.delivered,
    d.rejected === 0 ? '·' : paint.red(count(d.rejected)),
    ...(filtered ? [d.filtered === 0 ? '·' : count(d.filtered)] : []),
    d.failed === 0 ? '·' : paint.red(count(d.failed)),
    d.waiting === 0 ? '·' : count(d.waiting),
    duration(d.duration_ms),
    d.where ?? '',
  ]);
  const columns = [
    { title: 'destination' }, { title: 'type' }, { title: 'status' },
    right('delivered'), right('rejected'), ...(filtered ? [right('filtered')] : []), right('failed'), right('waiting'), right('time'), { title: 'where' },
  ]; // prettier-ignore
  await context.print(`\n${table(paint, columns, rows)}`);
  context.report(result.diagnostics);
}
