/** Alerts, told to servers of our own: a webhook in Slack's form, one that takes JSON, a mail server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { dialectFor } from '../../dialects/registry.js';
import { BUYERS, CONFIG, documentOf, rollcall, shop, type Ran, type Shop } from './support.js';

interface Posted {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: { readonly text?: string } & Readonly<Record<string, unknown>>;
}

const posted: Posted[] = [];
const mails: { readonly to: readonly string[]; readonly text: string; readonly user: string }[] = [];
/** What the HTTP server answers. */
let answer = 200;
/** What happens while the next is being told. */
let meanwhile: (() => Promise<unknown>) | undefined;

const http = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const { url: path = '', headers } = request;
    if (answer === 200) posted.push({ path, headers, body: JSON.parse(text) as Posted['body'] });
    const work = meanwhile;
    meanwhile = undefined;
    // It quotes what it was asked, as some do.
    const reply = `no: ${path} ${String(headers['authorization'])}`;
    void Promise.resolve(work?.()).then(() => response.writeHead(answer).end(reply));
  });
});

const smtp = new SMTPServer({
  authOptional: true,
  disableReverseLookup: true,
  hideSTARTTLS: true,
  allowInsecureAuth: true,
  onAuth: ({ username, password }, _session, done) =>
    password === 'p4ssw0rd!' ? done(null, { user: username }) : done(new Error(`no ${String(password)}`)),
  onData: (stream, session, done) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('end', () => {
      const to = session.envelope.rcptTo.map(({ address }) => address);
      mails.push({ to, text, user: String(session.user) });
      done();
    });
  },
});

const ports = { http: 0, smtp: 0 };

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const listening = smtp.listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  ports.http = (http.address() as AddressInfo).port;
  ports.smtp = (listening.address() as AddressInfo).port;
});
afterAll(async () => {
  http.closeAllConnections();
  await Promise.all([new Promise((done) => http.close(done)), new Promise<void>((done) => smtp.close(done))]);
});

let made: Shop;
afterEach(async () => {
  answer = 200;
  posted.length = 0;
  mails.length = 0;
  await made[Symbol.asyncDispose]();
});

const SECRETS = { SLACK: 'T0K3N-of-slack', TOKEN: 'b34rer', MAIL: 'p4ssw0rd!' };

const channels = () => ({
  team: { type: 'slack', url: `http://127.0.0.1:${ports.http}/services/\${env:SLACK}` },
  hook: {
    type: 'webhook',
    url: `http://127.0.0.1:${ports.http}/hook`,
    headers: { Authorization: 'Bearer ${env:TOKEN}' },
  },
  mail: {
    type: 'email',
    server: `smtp://rollcall:\${env:MAIL}@127.0.0.1:${ports.smtp}`,
    from: 'Rollcall <rollcall@example.com>',
    to: ['ops@example.com', 'data@example.com'],
  },
  // Nobody here has its secret.
  prod: { type: 'slack', targets: ['prod'], url: '${env:PROD_ONLY}' },
});

async function project(alerts: readonly unknown[], more: object = {}): Promise<void> {
  made = await shop();
  const prod = { type: 'duckdb', path: 'prod.duckdb' };
  const targets = { ...CONFIG.targets, prod };
  await made.write('rollcall.json', { ...CONFIG, targets, alerts, channels: channels(), ...more });
}

const at = (now: string, ...argv: readonly string[]): Promise<Ran> =>
  rollcall(made.dir, argv, { env: SECRETS, now: () => now });

const MARCH1 = '2025-03-01T12:00:00Z';
const MARCH13 = '2025-03-13T12:00:00Z';
const MARCH14 = '2025-03-14T12:00:00Z';

const SIZES = {
  on: 'size_change',
  name: 'sizes',
  more_than_percent: 30,
  to: ['team', 'hook', 'mail', 'prod'],
};

describe('alerts', () => {
  test('are told once to every channel, and again when they are over', async () => {
    await project([SIZES]);
    expect(await at(MARCH1, 'run')).toMatchObject({ exit: 0 });
    expect([posted, mails]).toEqual([[], []]);
    const ran = await at(MARCH13, 'run');
    expect(ran.exit).toBe(0);
    const message = 'buyers went from 2 to 1 members in one run, by more than 30 %';
    expect(ran.stdout).toContain(message);
    expect(posted.map(({ path }) => path)).toEqual([`/services/${SECRETS.SLACK}`, '/hook']);
    expect(posted[0]?.body).toEqual({
      text: `Rollcall shop (dev): 1 alert\n• [sizes] ${message.replace('>', '&gt;')}`,
    });
    expect(posted[1]?.headers['authorization']).toBe(`Bearer ${SECRETS.TOKEN}`);
    expect(posted[1]?.body).toMatchObject({
      project: 'shop',
      target: 'dev',
      firing: [{ alert: 'sizes', on: 'size_change', of: 'definition', key: 'buyers', message }],
      recovered: [],
    });
    expect(mails).toMatchObject([{ to: ['ops@example.com', 'data@example.com'], user: 'rollcall' }]);
    expect(mails[0]?.text).toContain('Subject: Rollcall shop (dev): 1 alert');
    // Still on, and told.
    expect(documentOf(await at(MARCH13, 'alerts', '--json'))).toMatchObject({ firing: [{}], told: [] });
    expect(await at(MARCH13, 'alerts', '--fail-on-alert')).toMatchObject({ exit: 1 });
    expect(posted).toHaveLength(2);
    expect(await at(MARCH14, 'run', '--fail-on-alert')).toMatchObject({ exit: 0 });
    expect(posted).toHaveLength(4);
    expect(posted[2]?.body.text).toBe(
      `Rollcall shop (dev): 1 recovered\n• [sizes] recovered: ${message} (since ${MARCH13})`,
    );
    expect(mails).toHaveLength(2);
    // Over, and forgotten.
    expect(documentOf(await at(MARCH14, 'alerts', '--json'))).toEqual({
      firing: [],
      recovered: [],
      told: [],
      diagnostics: [],
    });
  });

  test('are told once, though another comes while they are', async () => {
    await project([SIZES]);
    await at(MARCH1, 'run');
    const others: Ran[] = [];
    // As in another process: on an engine of its own, that can read beside the run's.
    const apart = { env: SECRETS, now: () => MARCH13, dialectFor };
    meanwhile = async () => others.push(await rollcall(made.dir, ['alerts'], apart));
    expect(await at(MARCH13, 'run')).toMatchObject({ exit: 0 });
    expect(others).toMatchObject([{ exit: 3 }]);
    expect(documentOf(await at(MARCH13, 'alerts', '--json'))).toMatchObject({ firing: [{}], told: [] });
    expect([posted.length, mails.length]).toEqual([2, 1]);
  });

  test('that cannot be sent are a warning without secrets, and are sent the next time', async () => {
    await project([SIZES]);
    await at(MARCH1, 'run');
    answer = 503;
    const wrong = { ...SECRETS, MAIL: 'wr0ng-p4ss' };
    const ran = await rollcall(made.dir, ['run', '--json'], { env: wrong, now: () => MARCH13 });
    expect(ran.exit).toBe(0);
    const { alerts } = documentOf<{ alerts: { told: unknown; diagnostics: readonly { code: string }[] } }>(
      ran,
    );
    expect(alerts.told).toEqual([]);
    expect(alerts.diagnostics.map(({ code }) => code)).toEqual(Array(3).fill('alert-not-sent'));
    for (const secret of [...Object.values(SECRETS), 'wr0ng-p4ss'])
      expect(ran.stdout + ran.stderr).not.toContain(secret);
    expect(ran.stderr).toContain('could not be told: HTTP 503: no: /***');
    answer = 200;
    expect(documentOf(await at(MARCH13, 'alerts', '--json'))).toMatchObject({
      told: ['team', 'hook', 'mail'],
    });
    expect([posted.length, mails.length]).toEqual([2, 1]);
  });

  test('of a day, of staleness, of what waits, and of what failed', async () => {
    const day = { on: 'size_change', name: 'day', more_than_percent: 30, within: '24 hours', to: ['team'] };
    const rules = [
      day,
      { on: 'stale', after: '2 days', to: ['hook'] },
      { on: 'waiting', after: '1 hour', to: ['hook'] },
      { on: 'failed', tags: ['daily'], to: ['hook'] },
    ];
    await project(rules);
    await made.write('models/buyers.json', { ...BUYERS, guard: { max_change_percent: 40 } });
    await at(MARCH1, 'run');
    const firing = async (now: string): Promise<readonly string[]> => {
      const { firing: on } = documentOf<{ firing: readonly { alert: string; message: string }[] }>(
        await at(now, 'alerts', '--json', '--no-send'),
      );
      return on.map(({ alert, message }) => `${alert}: ${message}`);
    };
    expect(await firing('2025-03-01T12:30:00Z')).toEqual([]);
    expect(await firing('2025-03-04T12:30:00Z')).toEqual([
      'stale: the last successful run ended at 2025-03-01T12:00:00Z, longer ago than 2 days',
      'waiting: 4 messages wait for crm, the oldest since 2025-03-01T12:00:00Z, longer than 1 hour',
    ]);
    // What the link of a definition keeps while it is paused does not count.
    const paused = {
      ...BUYERS,
      guard: { max_change_percent: 40 },
      destinations: [{ to: 'crm', enabled: false }],
    };
    await made.write('models/buyers.json', paused);
    expect((await firing('2025-03-04T12:30:00Z')).map((line) => line.split(':')[0])).toEqual(['stale']);
    await made.write('models/buyers.json', { ...BUYERS, guard: { max_change_percent: 40 } });
    await at('2025-03-12T12:00:00Z', 'sync');
    const held = await at('2025-03-12T12:00:00Z', 'run', '--fail-on-alert');
    expect(held.exit).toBe(1);
    expect(posted.at(-1)?.body).toMatchObject({ firing: [{ alert: 'failed', key: 'buyers' }] });
    await at('2025-03-12T20:00:00Z', 'run', '--accept');
    // 24 hours before there were two, and from run to run they do not count.
    expect(await firing('2025-03-12T20:01:00Z')).toEqual([
      'day: buyers went from 2 to 1 members within 24 hours, by more than 30 %',
    ]);
    // Of what was before, no more is read than lies between the two.
    await made.execute("delete from rollcall.snapshots where as_of < timestamp '2025-03-10'");
    expect(await firing('2025-03-12T20:01:00Z')).toHaveLength(1);
    await at('2025-03-13T08:00:00Z', 'run', '--sync');
    expect(await firing('2025-03-13T08:01:00Z')).toHaveLength(1);
    await at('2025-03-14T08:00:00Z', 'run', '--sync');
    expect(await firing('2025-03-14T08:01:00Z')).toEqual([]);
    expect(
      posted.filter(({ path }) => path !== '/hook').map(({ body }) => body.text?.split('\n')[0]),
    ).toEqual(['Rollcall shop (dev): 1 alert', 'Rollcall shop (dev): 1 recovered']);
  });

  test('of deliveries that come to nothing', async () => {
    const delivery = { on: 'delivery', more_than_percent: 50, to: ['team'] };
    await project([delivery, { ...delivery, name: 'again' }]);
    const url = `http://127.0.0.1:${ports.http}/refused`;
    await made.write('destinations/crm.json', {
      kind: 'destination',
      key: 'crm',
      type: 'webhook',
      settings: { url },
    });
    answer = 400;
    const { stdout } = await at(MARCH1, 'run', '--sync');
    expect(stdout).toContain('crm did not take 4 of 4 messages within 24 hours (100 %), more than 50 %');
    // It was not told: the channel refused as well.
    answer = 200;
    expect(documentOf(await at(MARCH1, 'alerts', '--json'))).toMatchObject({ told: ['team'] });
    // A day later nobody remembers. Whichever was told first, they come by their names.
    expect(documentOf(await at('2025-03-03T12:00:00Z', 'alerts', '--json'))).toMatchObject({
      firing: [],
      recovered: [
        { alert: 'again', key: 'crm' },
        { alert: 'delivery', key: 'crm' },
      ],
    });
  });

  test('name what there is', async () => {
    await project([
      { on: 'size_change', more_than_percent: 30, definitions: ['buyer'], to: ['tem'] },
      { on: 'size_change', more_than_percent: 50, tags: ['dayly'] },
      { on: 'delivery', more_than_percent: 5, destinations: ['crn'] },
    ]);
    const { exit, stderr } = await at(MARCH1, 'alerts');
    expect(exit).toBe(2);
    expect(stderr).toMatch(/rollcall\.json:\d+:\d+ unknown-reference there is no definition "buyer"/);
    expect(stderr).toContain('did you mean "buyers"?');
    expect(stderr).toContain('there is no channel "tem"');
    expect(stderr).toContain('no definition has the tag "dayly"');
    expect(stderr).toContain('there is no destination "crn"');
    expect(stderr).toContain('duplicate-key two alerts are called "size_change"');
  });
});
