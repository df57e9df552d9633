/**
 * The end-to-end scenario on a warehouse of yours: `npm run cloud-scenarios -- PROJECT TARGET` plays some days of a small
 * project (run, the same run again, late data, an edit, a run that stops while publishing, a lock, delivery, removal)
 * on the target of that project's rollcall.json and on DuckDB, and compares what is seen after each. It makes two
 * schemas of its own, whose names begin with `rollcall_it_`, and drops their tables at the end.
 *
 * Without a project (nor ROLLCALL_SCENARIOS_PROJECT and ROLLCALL_SCENARIOS_TARGET) it says that it is skipped, and exits 0.
 */
import { deepStrictEqual } from 'node:assert';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as ir from '../compiler/ir/build.js';
import type { Column, ScalarType } from '../compiler/ir/types.js';
import type { StepOp } from '../compiler/program/types.js';
import { syncDestinations } from '../delivery/index.js';
import type { Dialect } from '../dialects/dialect.js';
import { dialectFor } from '../dialects/registry.js';
import { around, keptOpen, StatementError, type Warehouse } from '../dialects/warehouse.js';
import { loadProject, type TargetConfig } from '../models/index.js';
import { members, openSession, retire, runProject, type RunOptions } from '../runtime/index.js';

const [folder = process.env['ROLLCALL_SCENARIOS_PROJECT'], name = process.env['ROLLCALL_SCENARIOS_TARGET']] =
  process.argv.slice(2);

const COLUMNS: readonly Column[] =
  'message_id type event name timestamp received_at user_id anonymous_id group_id properties traits context'
    .split(' ')
    .map((column) => ({
      name: column,
      type: column.endsWith('_at') || column === 'timestamp' ? 'timestamp' : 'text',
    }));

type Cells = Readonly<Record<string, unknown>>;

const order = (id: string, user: string, day: number, revenue: number, received = day): Cells => ({
  message_id: id,
  type: 'track',
  event: 'Order Completed',
  timestamp: `2025-01-0${day}T10:00:00Z`,
  received_at: `2025-01-0${received}T10:00:00Z`,
  user_id: user,
  properties: { revenue, note: `it's "${user}" \\ é; 100%\n` },
});

const audience = (key: string, definition: unknown, more: object = {}): unknown => ({
  kind: 'audience',
  key,
  name: key,
  of: 'users',
  definition,
  destinations: ['crm'],
  ...more,
});

const FILES: Readonly<Record<string, unknown>> = {
  'models/buyers.json': audience('buyers', { event: 'Order Completed' }),
  'models/spenders.json': audience('spenders', {
    all: [{ audience: 'buyers' }, { trait: 'revenue', at_least: 100 }],
  }),
  'models/revenue.json': {
    kind: 'trait',
    key: 'revenue',
    name: 'revenue',
    of: 'users',
    definition: { event: 'Order Completed', sum: { property: 'revenue' } },
  },
  'destinations/crm.json': {
    kind: 'destination',
    key: 'crm',
    type: 'file',
    settings: { path: 'crm.jsonl' },
    send: ['identify', 'track'],
  },
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A project on one target, played day by day. */
class Player {
  private readonly dir = mkdtempSync(join(tmpdir(), 'rollcall-scenarios-'));
  private runs = 0;

  constructor(
    private readonly target: TargetConfig,
    private readonly projectDir: string,
    private readonly raw: string,
    private readonly dialect: Dialect,
    private readonly warehouse: Warehouse,
  ) {
    const config = { name: 'scenarios', target: 'it', targets: { it: { type: 'duckdb', path: 'none' } } };
    this.write('rollcall.json', {
      ...config,
      sources: [{ name: 'raw', layout: 'messages', table: `${raw}.messages` }],
    });
    for (const [file, content] of Object.entries(FILES)) this.write(file, content);
  }

  write(file: string, content: unknown): void {
    mkdirSync(dirname(join(this.dir, file)), { recursive: true });
    writeFileSync(join(this.dir, file), JSON.stringify(content));
  }

  remove(file: string): void {
    rmSync(join(this.dir, file));
  }

  async step(op: StepOp): Promise<void> {
    for (const { sql } of this.dialect.statements({ ...op, id: 'scenario', title: 'scenario' }, {})) {
      await this.warehouse.execute(sql, { labels: { command: 'scenarios' } });
    }
  }

  async land(...rows: readonly Cells[]): Promise<void> {
    const table = { schema: this.raw, name: 'messages' };
    await this.step({ op: 'ensure_schema', schema: this.raw });
    await this.step({ op: 'ensure_table', spec: { table, columns: COLUMNS } });
    const cell = (value: unknown, type: ScalarType) => {
      if (value === undefined) return ir.nul(type);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (type !== 'timestamp') return ir.text(text);
      return ir.lit({ type, value: String(BigInt(Date.parse(text)) * 1000n) });
    };
    const cells = rows.map((row) => COLUMNS.map((column) => cell(row[column.name], column.type)));
    await this.step({ op: 'append', table, query: ir.values(COLUMNS, cells) });
  }

  async options(day: number, over: Partial<RunOptions> = {}): Promise<RunOptions> {
    const { project, spans, diagnostics } = await loadProject({ dir: this.dir, env: {} });
    if (!project) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    const config = { ...project.config, targets: { it: this.target } };
    return {
      project: { ...project, config, dir: this.dir },
      spans,
      now: () => new Date().toISOString(),
      asOf: `2025-01-0${day}T00:00:00Z`,
      invocation: 'cloud-scenarios',
      command: 'scenarios',
      newRunId: () => `run-${++this.runs}`,
      artifacts: false,
      dialectFor: () => Promise.resolve(this.rooted()),
      ...over,
    };
  }

  /** The engine, its relative paths those of the user's project; an embedded one is opened once. */
  rooted(watch: (w: Warehouse) => Warehouse = (w) => w): Dialect {
    const { dialect, projectDir } = this;
    const isEmbedded = typeof this.target['path'] === 'string';
    return Object.create(dialect, {
      open: {
        value: async (options: Parameters<Dialect['open']>[0]) =>
          watch(isEmbedded ? keptOpen(this.warehouse) : await dialect.open({ ...options, projectDir })),
      },
    }) as Dialect;
  }

  /** What people see: members and values, and what was sent. */
  async seen(): Promise<unknown> {
    const found: Record<string, unknown> = {};
    for (const key of ['buyers', 'spenders', 'revenue']) {
      const rows: unknown[] = [];
      try {
        for await (const row of members({ ...(await this.options(9)), key })) rows.push(row);
      } catch (error) {
        rows.push(error instanceof Error ? error.name : error);
      }
      found[key] = rows;
    }
    let sent: string[] = [];
    try {
      sent = readFileSync(join(this.dir, 'crm.jsonl'), 'utf8').split('\n').sort();
    } catch {
      // nothing was sent yet
    }
    return { found, sent };
  }

  async sync(): Promise<unknown> {
    const options = await this.options(9);
    const session = await openSession(options, {
      mode: 'write',
      owner: { runId: 'sync', command: 'cloud-scenarios' },
    });
    try {
      const { warehouse, dialect, state } = session;
      const { destinations } = options.project;
      const base = { warehouse, dialect, state, destinations, projectDir: this.dir, spans: options.spans };
      const result = await syncDestinations({ ...base, select: {}, now: options.now });
      return result.destinations.map(({ status, delivered, waiting }) => ({ status, delivered, waiting }));
    } finally {
      await session.close();
    }
  }

  async clear(): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true });
    for (const schema of [this.target.schema, this.raw]) {
      for (const { table } of await this.warehouse.describeSchema(schema)) {
        const isView = /^(audience_|memberships$|membership_history$|trait_values$|entity_memberships$)/;
        const object = isView.test(table.name.toLowerCase()) ? 'view' : 'table';
        await this.step({ op: 'drop', table: { ...table, schema }, object });
      }
    }
    await this.warehouse.close();
  }
}

const summary = async (player: Player, day: number, over?: Partial<RunOptions>): Promise<unknown> => {
  const result = await runProject(await player.options(day, over));
  return result.definitions.map(({ key, status, size, entered, exited, changed }) => [
    key, status, size, entered, exited, changed,
  ]); // prettier-ignore
};

/** An engine whose publishing transaction fails once its rows are in. */
const stopping = (player: Player): Partial<RunOptions> => ({
  dialectFor: () =>
    Promise.resolve(
      player.rooted((warehouse) => {
        let publishing = false;
        return around(warehouse, {
          execute: (sql, options) => {
            publishing ||= options?.labels?.step === 'publish.snapshots';
            return warehouse.execute(sql, options);
          },
          commit: () =>
            publishing ? Promise.reject(new StatementError('stopped', 'commit')) : warehouse.commit(),
        });
      }),
    ),
});

const SCENARIO: readonly (readonly [string, (player: Player) => Promise<unknown>])[] = [
  ['the first run', async (p) => {
    await p.land(order('1', 'ann', 1, 160), order('2', 'bob', 2, 20), order('2', 'bob', 2, 20));
    return summary(p, 3);
  }],
  ['the same run again', (p) => summary(p, 3)],
  ['delivery', (p) => p.sync()],
  ['late data', async (p) => {
    await p.land(order('3', 'bob', 1, 90.5, 3), order('4', 'Ann', 3, 0.1));
    return summary(p, 4);
  }],
  ['an edit', async (p) => {
    const definition = { event: 'Order Completed', where: { property: 'note', contains: ["it's \"bob"] } };
    p.write('models/buyers.json', audience('buyers', definition));
    return summary(p, 5);
  }],
  ['a run that stops while publishing', async (p) => {
    await p.land(order('5', 'bob', 5, 5));
    return summary(p, 6, stopping(p));
  }],
  ['the run after it', (p) => summary(p, 6)],
  ['a second comer', async (p) => {
    const owner = { runId: 'first', command: 'cloud-scenarios' };
    const session = await openSession(await p.options(7), { mode: 'write', owner });
    try {
      // In memory there is nobody else.
      const second = await openSession(await p.options(7), { mode: 'write', owner }).then(
        async (other) => (await other.close(), 'in'),
        (error: unknown) => (error as { exit?: number }).exit,
      );
      return p.rooted().capabilities.lock === 'own' || second === 3;
    } finally {
      await session.close();
    }
  }],
  ['a definition removed, its exits sent', async (p) => {
    p.remove('models/spenders.json');
    const done = await summary(p, 8);
    const options = { ...(await p.options(8)), key: 'spenders', sendExits: true, release: true };
    return [done, await retire(options), await p.sync()];
  }],
]; // prettier-ignore

async function main(): Promise<number> {
  if (folder === undefined || name === undefined) {
    say('skipped: no project and target given, nor ROLLCALL_SCENARIOS_PROJECT and _TARGET set');
    return 0;
  }
  const { project, diagnostics } = await loadProject({ dir: folder, env: process.env, target: name });
  const settings = project?.config.targets[name];
  if (!project || !settings) {
    for (const { message } of diagnostics) say(message);
    return 2;
  }
  const id = `rollcall_it_${Date.now().toString(36)}`;
  const play = async (target: TargetConfig, dir: string): Promise<Player> => {
    const dialect = await dialectFor(target.type);
    const own = { ...target, schema: id };
    const warehouse = await dialect.open({ settings: own, projectDir: dir, mode: 'write' });
    return new Player(own, dir, `${id}_raw`, dialect, warehouse);
  };
  const theirs = await play(settings, project.dir);
  const ours = await play({ type: 'duckdb', path: ':memory:', schema: id }, project.dir);
  let failed = 0;
  try {
    for (const [what, act] of SCENARIO) {
      const started = performance.now();
      try {
        const expected = [await act(ours), await ours.seen()];
        deepStrictEqual([await act(theirs), await theirs.seen()], expected);
        say(`✔ ${what} (${Math.round(performance.now() - started)} ms)`);
      } catch (error) {
        failed += 1;
        say(`✖ ${what}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await ours.clear();
    await theirs.clear();
  }
  say(failed === 0 ? `${name}: as DuckDB` : `${name}: ${failed} of ${SCENARIO.length} differ`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
