/** `status`: where every definition and destination stands, from state alone; sources need not be there. */
import { fingerprint, readQueries } from '../compiler/index.js';
import * as ir from '../compiler/ir/build.js';
import { messagesWaiting } from '../compiler/program/deliveries.js';
import type { Relation } from '../compiler/ir/types.js';
import type { Row } from '../dialects/warehouse.js';
import type { RuntimeOptions } from './api.js';
import type { DefinitionState, DestinationState, RunState, StatusResult } from './queries-api.js';
import { readState, type DefinitionRow, type StoredState } from './existing.js';
import { lastSnapshots } from './members.js';
import { nullableText, numberOf, textOf, withSession, type Session } from './session.js';

/** Reads the state of a project (see `Status`). */
export async function status(options: RuntimeOptions): Promise<StatusResult> {
  return withSession(options, { mode: 'read' }, async (session) => {
    const stored = await readState(session);
    const { config } = session.project;
    return {
      target: config.target,
      schema: session.state.schema,
      sources: config.sources.map(({ name, layout }) => ({
        name,
        layout,
        watermark: stored.existing.landings.get(name)?.watermark ?? null,
      })),
      definitions: await definitionStates(session, stored),
      destinations: await destinationStates(session, stored),
      last_run: lastRun(stored),
    };
  });
}

async function definitionStates(session: Session, stored: StoredState): Promise<DefinitionState[]> {
  const ran = stored.scan('snapshots') && stored.scan('runs');
  const snapshots = ran ? await session.rows(lastSnapshots(session)) : [];
  const byKey = new Map(snapshots.map((row) => [textOf(row, 'definition_key'), row]));
  const { queries } = readQueries(session.project, session.spans);
  const inProject = new Map(session.project.definitions.map((d) => [d.key, d]));
  const keys = [...new Set([...inProject.keys(), ...stored.definitions.keys()])].sort();
  return keys.map((key) => {
    const definition = inProject.get(key);
    const row = stored.definitions.get(key);
    return {
      key,
      kind: definition?.kind ?? row?.kind ?? '',
      name: definition?.name ?? row?.name ?? key,
      status: row?.status ?? 'new',
      ...counts(byKey.get(key)),
      ...stateOf(row),
      modified:
        definition !== undefined &&
        row?.fingerprint !== fingerprint(definition, session.project.config.entities, queries.get(key)),
    };
  });
}

function counts(row: Row | undefined): Pick<DefinitionState, 'size' | 'entered' | 'exited' | 'changed'> {
  const of = (name: string): number | null => (row ? numberOf(row, name) : null);
  return { size: of('size'), entered: of('entered'), exited: of('exited'), changed: of('changed') };
}

const stateOf = (
  row: DefinitionRow | undefined,
): Pick<DefinitionState, 'last_as_of' | 'last_run_id' | 'first_run_at' | 'error'> => ({
  last_as_of: row?.lastAsOf ?? null,
  last_run_id: row?.lastRunId ?? null,
  first_run_at: row?.firstRunAt ?? null,
  error: row?.error ?? null,
});

async function destinationStates(session: Session, stored: StoredState): Promise<DestinationState[]> {
  const there = stored.scan('outbox') && stored.scan('deliveries');
  const pending = await byDestination(session, there && messagesWaiting(session.state));
  const done = await byDestination(session, there && deliveryCounts(session));
  return session.project.destinations.map(({ key, type, enabled }) => {
    const delivered = done.get(key);
    const waiting = pending.get(key);
    return {
      key,
      type,
      enabled,
      pending: waiting ? numberOf(waiting, 'messages') : 0,
      delivered: delivered ? numberOf(delivered, 'delivered') : 0,
      failed: delivered ? numberOf(delivered, 'rejected') : 0,
      last_delivery_at: delivered ? nullableText(delivered, 'last_at') : null,
    };
  });
}

async function byDestination(
  session: Session,
  query: Relation | undefined,
): Promise<ReadonlyMap<string, Row>> {
  const rows = query ? await session.rows(query) : [];
  return new Map(rows.map((row) => [textOf(row, 'destination_key'), row]));
}

function deliveryCounts({ state }: Session): Relation {
  const rows = state.scan('deliveries');
  const key = ir.as('destination_key', ir.c(rows, 'destination_key'));
  const ofStatus = (name: string): ReturnType<typeof ir.agg> =>
    ir.agg('count', [], { filter: ir.eq(ir.c(rows, 'status'), ir.text(name)) });
  return ir.aggregate(
    rows,
    [key],
    [
      ir.as('delivered', ofStatus('delivered')),
      ir.as('rejected', ofStatus('rejected')),
      ir.as('last_at', ir.agg('max', [ir.c(rows, 'at')])),
    ],
  );
}

function lastRun({ runs }: StoredState): RunState | null {
  const { last } = runs;
  if (!last) return null;
  return {
    run_id: last.runId,
    as_of: last.asOf,
    status: last.status,
    started_at: last.startedAt,
    finished_at: last.finishedAt,
    invocation: last.invocation,
  };
}
