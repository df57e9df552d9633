/**
 * The life of a project, in steps: run, the same run again, delivery, late data, an edit, a difference, runs that die,
 * a second comer, a removal. Played on DuckDB in memory and on the engine that is looked at; both must be seen to be the same
 * after each step. DuckDB's runs do not die: what it shows is what an unbroken run leaves.
 */
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { around, StatementError } from '../../dialects/warehouse.js';
import type { Alert } from '../../models/alerts.js';
import {
  checkAlerts,
  diff,
  forget,
  openSession,
  preview,
  retire,
  type RunOptions,
} from '../../runtime/index.js';
import type { Dying } from './dying.js';
import { audience, identify, order, Player, type Site } from './player.js';

export interface LifeStep {
  readonly name: string;
  /** What can be seen of it beside what `seen` shows; the same on each engine. */
  readonly play: (player: Player) => Promise<unknown>;
}

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

/** A run of day 7 that is killed; where a process cannot be killed, as it is ours, nothing has happened. */
const killed = (name: string, dying: Dying): LifeStep => ({
  name: `a run killed ${name}`,
  play: async (player) => (player.isShared ? player.killed(7, dying) : 'SIGKILL'),
});

const PUBLISHING = { step: 'publish.snapshots', commit: true } as const;

export const LIFE: readonly LifeStep[] = [
  {
    name: 'the first run',
    play: async (p) => {
      await p.land(order('1', 'ann', 1, 160), order('2', 'bob', 2, 20), order('2', 'bob', 2, 20));
      return p.run(3);
    },
  },
  { name: 'the same run again', play: (p) => p.run(3) },
  { name: 'delivery', play: (p) => p.sync() },
  {
    name: 'late data',
    play: async (p) => {
      await p.land(order('3', 'bob', 1, 90.5, 3), order('4', 'Ann', 3, 0.1));
      return p.run(4);
    },
  },
  {
    name: 'an edit',
    play: async (p) => {
      const definition = { event: 'Order Completed', where: { property: 'note', contains: ['it\'s "bob'] } };
      p.write('models/buyers.json', audience('buyers', definition));
      return p.run(5);
    },
  },
  {
    name: 'the difference it made',
    play: async (p) => {
      const { size, counts, entered, exited } = await diff({ ...(await p.options(5)), key: 'buyers' });
      const who = (rows: readonly Readonly<Record<string, unknown>>[]) =>
        rows.map((row) => row['profile_id']).sort();
      return { size, counts, entered: who(entered), exited: who(exited) };
    },
  },
  {
    name: 'a run that fails while publishing',
    play: async (p) => {
      await p.land(order('5', 'bob', 5, 5));
      return p.run(6, stopping(p));
    },
  },
  { name: 'the run after it', play: (p) => p.run(6) },
  {
    name: 'a second comer',
    play: async (p) => {
      const owner = { runId: 'first', command: 'scenarios' };
      // In memory there is nobody else.
      if (!p.isShared) return 3;
      const session = await openSession(await p.options(7), { mode: 'write', owner });
      try {
        return await openSession(await p.options(7), { mode: 'write', owner }).then(
          async (other) => (await other.close(), 'in'),
          (error: unknown) => (error as { exit?: number }).exit,
        );
      } finally {
        await session.close();
      }
    },
  },
  {
    name: 'a run killed at its beginning',
    play: async (p) => {
      await p.land(order('6', 'bob', 6, 300), order('7', 'cid', 6, 500));
      return p.isShared ? p.killed(7, { when: 'before', step: '' }) : 'SIGKILL';
    },
  },
  killed('between definitions', { when: 'before', step: 'compute.' }),
  killed('while it lands', { when: 'after', step: 'land.' }),
  killed('while it publishes', { when: 'before', step: 'publish.snapshots' }),
  killed('at the commit that publishes', { when: 'before', ...PUBLISHING }),
  {
    name: 'a run killed right after it published',
    play: async (p) => {
      if (p.isShared) return p.killed(7, { when: 'after', ...PUBLISHING });
      await p.run(7);
      return 'SIGKILL';
    },
  },
  {
    name: 'the run after those',
    play: async (p) => {
      const done = await p.run(7);
      // Those who died are known to have.
      const dead = `select distinct status from ${p.site.target.schema}.runs where run_id like 'dead-%' order by 1`;
      const statuses = (await p.query(dead)).map((row) => row['status']);
      const known = statuses.every((status) => status === 'crashed' || status === 'succeeded');
      return { done, known: known || statuses };
    },
  },
  { name: 'delivery of all of it', play: (p) => p.sync() },
  {
    name: 'a definition removed, its exits sent',
    play: async (p) => {
      p.remove('models/spenders.json');
      const done = await p.run(8);
      const options = { ...(await p.options(8)), key: 'spenders', sendExits: true, release: true };
      return [done, await retire(options), await p.sync()];
    },
  },
  {
    name: 'somebody forgotten, who comes again',
    play: async (p) => {
      const options = { ...(await p.options(8)), profiles: ['bob'], invocation: 'rollcall forget' };
      const { run_id: _run, ...done } = await forget(options);
      const told = await p.sync();
      await p.land(order('8', 'bob', 7, 70), order('9', 'dan', 7, 70));
      const { schema } = p.site.target;
      const naming = async (table: string): Promise<number> =>
        (await p.query(`select * from ${schema}.${table}`)).filter((row) =>
          Object.values(row).some((value) => String(value).includes('bob')),
        ).length;
      const runs = [await p.run(9), await p.run(9, { reconcile: true })];
      const { sample } = await preview({ ...(await p.options(9)), key: 'buyers' });
      const tables = ['outbox', 'sent', 'subjects', 'identity_pairs', 'profiles', 'run_steps'];
      const names = await Promise.all(tables.map(naming));
      return { done, told, runs, names, previewed: sample.map((row) => row['profile_id']) };
    },
  },
  {
    name: 'a change that a guard stops',
    play: async (p) => {
      const definition = { event: 'Order Completed', where: { property: 'revenue', at_least: 400 } };
      const guard = { max_change_percent: 30 };
      p.write('models/buyers.json', { ...(audience('buyers', definition) as object), guard });
      return [await p.run(9), await p.run(9, { accept: ['buyers'] }), await p.sync()];
    },
  },
  {
    name: 'alerts, told once',
    play: async (p) => {
      const { project, ...options } = await p.options(9);
      const ever = { amount: 1000, unit: 'week' } as const;
      const to = [{ name: 'team' }];
      const config = {
        ...project.config,
        channels: { team: { name: 'team', type: 'slack', url: '' } as const },
        alerts: [
          { name: 'runs', rule: { on: 'size_change', percent: 1 }, to },
          { name: 'days', rule: { on: 'size_change', percent: 1, within: { amount: 2, unit: 'day' } }, to },
          { name: 'health', rule: { on: 'delivery', percent: 1, within: ever, minMessages: 1 }, to },
          { name: 'late', rule: { on: 'waiting', after: { amount: 1, unit: 'second' } }, to },
          { name: 'stale', rule: { on: 'stale', after: ever }, to },
          { name: 'failed', rule: { on: 'failed' }, to },
        ] as const,
      };
      const check = async (alerts: readonly Alert[] = config.alerts): Promise<unknown> => {
        const tell = (): Promise<undefined> => Promise.resolve(undefined);
        const found = await checkAlerts({
          ...options,
          project: { ...project, config: { ...config, alerts } },
          tell,
        });
        return [found.firing, found.recovered]
          .map((all) => all.map(({ alert, message }) => `${alert}: ${message}`))
          .concat([[...found.told]]);
      };
      const { schema } = p.site.target;
      const told = `select count(*) as n from ${schema}.alerts`;
      const first = [await check(), await p.query(told), await check()];
      return [...first, await check(config.alerts.slice(2)), await p.query(told)];
    },
  },
  {
    name: 'a way that is paused, goes on, and is sent again',
    play: async (p) => {
      const bought = { event: 'Order Completed' };
      const ways = (...destinations: readonly unknown[]): void =>
        p.write('models/buyers.json', { ...(audience('buyers', bought) as object), destinations });
      const quiet = {
        kind: 'destination',
        key: 'quiet',
        type: 'file',
        settings: { path: 'quiet.jsonl' },
        backfill: false,
      };
      p.write('destinations/quiet.json', quiet);
      ways({ to: 'crm', enabled: false });
      const paused = [await p.run(9), await p.sync()];
      ways('crm', 'quiet');
      const on = [await p.run(9), await p.sync()];
      await p.land(order('10', 'eve', 8, 1));
      return [paused, on, await p.run(9, { resend: 'crm', select: ['buyers'] }), await p.sync()];
    },
  },
  {
    name: 'people who are suppressed, and those without consent',
    play: async (p) => {
      const { suppress, consent } = {
        suppress: { trait: 'revenue', less_than: 50 },
        consent: { mail: { event: 'Order Completed', count: { at_least: 1 }, within: '4 days' } },
      };
      p.configure({ suppress, consent });
      p.write('destinations/quiet.json', {
        kind: 'destination', key: 'quiet', type: 'file', settings: { path: 'quiet.jsonl' }, consent: ['mail'],
      }); // prettier-ignore
      await p.land(order('11', 'fay', 8, 10), order('12', 'gus', 8, 90));
      const { schema } = p.site.target;
      const kept = `select destination_key, definition_key, identifier, value, reason from ${schema}.filtered`;
      const done = [await p.run(9), await p.sync(), await p.run(9)];
      const rows = (await p.query(kept)).map((row) => JSON.stringify(Object.values(row))).sort();
      p.configure({});
      return [done, rows, await p.run(9), await p.sync()];
    },
  },
  {
    name: 'people told by their emails, with traits that go along, until they are forgotten and the definition is gone',
    play: async (p) => {
      const { raw, target } = p.site;
      const traits = ['plan', 'email'];
      p.configure({ sources: [{ name: 'raw', layout: 'messages', table: `${raw}.messages`, traits }] });
      p.write('destinations/ads.json', {
        kind: 'destination', key: 'ads', type: 'file', settings: { path: 'ads.jsonl' }, send: ['identify'],
        identifiers: { types: ['email'] }, traits: { revenue: 'ltv', plan: "ti'er" },
      }); // prettier-ignore
      const bought = audience('buyers', { event: 'Order Completed' }) as object;
      p.write('models/buyers.json', { ...bought, destinations: ['ads'] });
      await p.land(
        identify('13', 'ann', 8, { email: 'ANN@Example.com', plan: 'a "b" \\' }),
        identify('14', 'eve', 8, { email: "e'v%e@example.com" }),
      );
      const told = async (): Promise<unknown> => {
        const known = await p.query(`select identifier_type, identifier from ${target.schema}.addresses`);
        const messages = `select identifier, payload from ${target.schema}.outbox where destination_key = 'ads'`;
        const said = (await p.query(messages)).map((row) => {
          const payload = JSON.parse(String(row['payload'])) as { readonly traits: object };
          const own = Object.entries(payload.traits).filter(([, value]) => value !== null);
          return `${String(row['identifier'])} ${JSON.stringify(own.sort())}`;
        });
        return [known.map((row) => JSON.stringify(Object.values(row))).sort(), said.sort()];
      };
      const seen = [await p.run(9), await told(), await p.sync()];
      const options = { ...(await p.options(9)), profiles: ['eve'], invocation: 'rollcall forget' };
      const { run_id: _run, ...gone } = await forget(options);
      seen.push(gone, await told(), await p.sync());
      p.remove('models/buyers.json');
      seen.push(await p.run(9));
      seen.push(await retire({ ...(await p.options(9)), key: 'buyers', sendExits: true, release: false }));
      return [...seen, await told(), await p.sync()];
    },
  },
];

/** One life on an engine beside DuckDB's. */
export class Lives {
  private readonly ours = new Player({
    dialect: duckdb,
    target: { type: 'duckdb', path: ':memory:', schema: 'life' },
    raw: 'life_raw',
    projectDir: '/',
  });
  private readonly theirs: Player;

  constructor(site: Site) {
    this.theirs = new Player(site);
  }

  /** What is seen after a step: as DuckDB has it, and as the engine has. */
  async play(step: LifeStep): Promise<{ readonly expected: unknown; readonly actual: unknown }> {
    const expected = [await step.play(this.ours), await this.ours.seen()];
    return { expected, actual: [await step.play(this.theirs), await this.theirs.seen()] };
  }

  async clear(): Promise<void> {
    await this.ours.clear();
    await this.theirs.clear();
  }
}
