/** Where settings of TLS come from: keys, the address, variables, files at home; and what doctor says of them. Needs a server. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CONFIG, emptyFolder, rollcall, type Ran, type Shop } from '../cli/support.js';
import { EVERYBODY, refusal, TlsWorld, type Over } from '../support/tls-world.js';

const world = new TlsWorld();

describe('where settings come from', () => {
  it('an address has them by the names of libpq, and means what libpq means', async () => {
    // The driver would take "require" for "verify-full".
    expect(await world.seen({ url: world.url('sslmode=require') })).toBe('TLS');
    const root = encodeURIComponent(world.ca.cert);
    expect(await world.seen({ url: world.url(`sslmode=verify-full&sslrootcert=${root}`) })).toBe('TLS');
    expect(
      (
        await refusal(
          world.seen({
            url: world.url(`sslrootcert=${encodeURIComponent(world.other.cert)}&sslmode=require`),
          }),
        )
      ).exit,
    ).toBe(4);
    expect(await world.seen({ url: world.url('ssl=true') })).toBe('TLS');
    expect(await world.seen({ url: world.url('sslmode=disable') })).toBe('clear');
    const all = `host=localhost&port=${world.server.port}&user=ann&password=${world.server.password}&dbname=postgres&sslmode=require`;
    expect(await world.seen({ url: `postgresql:///?${all}` })).toBe('TLS');
  });

  it('a path of an address is relative to the project, and its + is a +', async () => {
    copyFileSync(world.ca.cert, join(world.dir, 'a+b.crt'));
    expect(await world.seen({ url: world.url('sslmode=verify-full&sslrootcert=a+b.crt') })).toBe('TLS');
  });

  it('keys count more than the address, which counts more than variables', async () => {
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGSSLROOTCERT', world.other.cert);
    expect((await refusal(world.by({}))).exit).toBe(4);
    expect(await world.seen({ url: world.url('sslmode=disable') })).toBe('clear');
    expect(
      await world.seen({
        url: world.url('sslmode=disable'),
        sslmode: 'verify-ca',
        sslrootcert: world.ca.cert,
      }),
    ).toBe('TLS');
  });

  it('variables alone do, and an empty one says nothing', async () => {
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGSSLROOTCERT', world.ca.cert);
    expect(await world.by({})).toBe('TLS');
    vi.stubEnv('PGSSLMODE', '');
    vi.stubEnv('PGSSLROOTCERT', '');
    expect(await world.by({})).toBe('TLS');
  });

  it('files at home are found, and are asked in every mode', async () => {
    world.atHome('root.crt', world.ca.cert);
    expect(await world.by({ sslmode: 'verify-full' })).toBe('TLS');
    world.atHome('root.crt', world.other.cert);
    expect((await refusal(world.by({ sslmode: 'verify-full' }))).exit).toBe(4);
    expect((await refusal(world.by({ sslmode: 'require' }))).text).toContain('has signed');
    expect(await world.by({ sslmode: 'disable' })).toBe('clear');
    expect(await world.by({ sslmode: 'verify-ca', sslrootcert: world.ca.cert })).toBe('TLS');
  });

  it.each([
    [
      { sslmode: 'no-verify' },
      /"sslmode" must be one of disable, allow, prefer, require, verify-ca, verify-full/,
    ],
    [{ sslmode: 'require', sslrootcert: 'nowhere.crt' }, /"sslrootcert": ENOENT.*nowhere\.crt/],
    [{ sslmode: 'require', sslrootcert: 'empty' }, /"sslrootcert": \S+empty cannot be read as PEM/],
    [
      { url: 'postgres://ann@localhost/shop?require_auth=scram-sha-256' },
      /"url" must be without require_auth/,
    ],
    [
      { url: 'postgres://ann@localhost/shop?channel_binding=required' },
      /"channel_binding" must be disable, prefer/,
    ],
    [
      { url: 'postgres://ann@localhost/shop?ssl_min_protocol_version=TLSv9' },
      /"ssl_min_protocol_version" must be one of/,
    ],
  ])('%j is refused before any server is asked', async (over, text) => {
    writeFileSync(join(world.dir, 'empty'), 'nothing\n');
    const { exit, text: said } = await refusal(world.by(over));
    expect([exit, said]).toEqual([2, expect.stringMatching(text)]);
  });

  it.each(['prefer', 'require', 'verify-full'])(
    'by a socket of this machine nobody speaks TLS: %s',
    async (sslmode) => {
      expect(await world.by({ host: world.server.sockets, sslmode })).toBe('clear');
    },
  );

  it('a version of TLS that the server has not is named', async () => {
    await world.server.sql("alter system set ssl_max_protocol_version = 'TLSv1.2'");
    await world.server.read({});
    expect(await world.seen({ url: world.url('sslmode=require') })).toBe('TLS');
    const { text } = await refusal(
      world.seen({ url: world.url('sslmode=require&ssl_min_protocol_version=TLSv1.3') }),
    );
    expect(text).toMatch(/no version of TLS or no cipher in common/);
    await world.server.sql('alter system reset ssl_max_protocol_version');
    await world.server.read({});
  });

  it('a password may be bound to the certificate; a server that does not bind it gets none', async () => {
    expect(await world.by({ sslmode: 'require', channel_binding: 'require' })).toBe('TLS');
    expect(await world.seen({ url: world.url('sslmode=require&channel_binding=require') })).toBe('TLS');
    const clear = await refusal(world.by({ sslmode: 'disable', channel_binding: 'require' }));
    expect(clear.text).toMatch(/"channel_binding" is require, and the connection is without TLS/);
    await world.server.read({ hba: [`host ${EVERYBODY} password`] });
    expect((await refusal(world.by({ channel_binding: 'require' }))).text).toMatch(
      /asks for a password without it/,
    );
    await world.server.read({ hba: [`host ${EVERYBODY} trust`] });
    expect((await refusal(world.by({ channel_binding: 'require' }))).text).toMatch(/lets us in without it/);
    await world.server.read(world.usual());
  });
});

describe('on the command line', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await emptyFolder();
  });
  afterEach(() => shop[Symbol.asyncDispose]());

  /** doctor on a target whose address is in a variable. */
  async function doctor(query: string, over: Over = {}): Promise<Ran> {
    await shop.write('rollcall.json', {
      ...CONFIG,
      targets: { dev: { type: 'postgres', url: '${env:DATABASE_URL}', ...over } },
    });
    const DATABASE_URL = `postgres://ann:${world.server.password}@localhost:${world.server.port}/postgres?${query}`;
    return rollcall(shop.dir, ['doctor'], { env: { DATABASE_URL }, now: () => new Date().toISOString() });
  }

  it('doctor says whether the connection is safe', async () => {
    copyFileSync(world.ca.cert, join(shop.dir, 'root.crt'));
    expect((await doctor('sslmode=verify-full&sslrootcert=root.crt')).stdout).toMatch(
      /✔ version .*TLSv1\.3, the server's certificate checked/,
    );
    expect((await doctor('sslmode=require')).stdout).toMatch(
      /TLSv1\.3, the server's certificate not checked/,
    );
    expect((await doctor('sslmode=disable')).stdout).toMatch(/✔ version .*, without TLS/);
  });

  it('doctor says what is wrong, and what to do', async () => {
    copyFileSync(world.other.cert, join(shop.dir, 'root.crt'));
    const wrong = await doctor('sslmode=verify-full&sslrootcert=root.crt');
    expect(wrong.exit).toBe(4);
    expect(wrong.stdout).toMatch(
      /✖ connection .*no certificate of "sslrootcert" has signed[^\n]*\n\s+→ "sslrootcert" has to be/,
    );
    expect(wrong.stdout + wrong.stderr).not.toContain(`:${world.server.password}@`);
    const missing = await doctor('sslmode=verify-full');
    expect(missing.exit).toBe(2);
    expect(missing.stdout).toMatch(/✖ connection .*no root certificate[^\n]*\n\s+→ "sslrootcert"/);
  });
});
