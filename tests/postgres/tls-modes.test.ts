/**
 * TLS to a real server, in every `sslmode`: with the CA that signed, with another, for another name, expired, revoked, without TLS, by
 * TLS alone. What libpq's documentation says of each is the rule, and what psql does where there is one.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import { joined, type Pair } from '../support/certificates.js';
import { EVERYBODY, refusal, SECRET, TlsWorld } from '../support/tls-world.js';

const world = new TlsWorld();
/** For another host, for nobody any more, and for an address, by its common name alone. */
let elsewhere: Pair;
let expired: Pair;
let address: Pair;
beforeAll(() => {
  elsewhere = world.ca.sign('db.example.com', { alt: 'DNS:db.example.com' });
  expired = world.ca.sign('localhost', { alt: 'DNS:localhost', days: -1 });
  address = world.ca.sign('127.0.0.1');
});

describe('a server with TLS', () => {
  it.each([
    [undefined, 'TLS'],
    ['disable', 'clear'],
    ['allow', 'clear'],
    ['prefer', 'TLS'],
    ['require', 'TLS'],
  ])('without a root certificate, "sslmode" %s: %s', async (sslmode, how) => {
    expect(await world.by({ ...(sslmode && { sslmode }) })).toBe(how);
  });

  it.each(['verify-ca', 'verify-full'])(
    '%s needs a root certificate, and says where it may be',
    async (sslmode) => {
      const { exit, text, hint } = await refusal(world.by({ sslmode }));
      expect(exit).toBe(2);
      expect(text).toContain(`"sslmode" is ${sslmode}, and no root certificate`);
      expect(text).toContain(join(world.home, '.postgresql', 'root.crt'));
      expect(hint).toContain('"sslrootcert"');
    },
  );

  it.each(['allow', 'prefer', 'require', 'verify-ca', 'verify-full'])('%s with its CA', async (sslmode) => {
    expect(await world.by({ sslmode, sslrootcert: world.ca.cert })).toBe(
      sslmode === 'allow' ? 'clear' : 'TLS',
    );
  });

  it.each(['require', 'verify-ca', 'verify-full'])('%s with another CA: refused', async (sslmode) => {
    const { exit, text, hint } = await refusal(world.by({ sslmode, sslrootcert: world.other.cert }));
    expect(exit).toBe(4);
    expect(text).toMatch(
      /at localhost:\d+, database postgres cannot be opened: no certificate of "sslrootcert" has signed/,
    );
    expect(hint).toContain('the file of the CA that signs');
  });

  it('"prefer" with another CA goes without TLS, as in libpq', async () => {
    expect(await world.by({ sslmode: 'prefer', sslrootcert: world.other.cert })).toBe('clear');
  });

  it('takes a file of several CAs', async () => {
    const both = joined(join(world.dir, 'both.crt'), world.other.cert, world.ca.cert);
    expect(await world.by({ sslmode: 'verify-full', sslrootcert: both })).toBe('TLS');
  });

  it('is asked for its name by verify-full alone, whatever connects to it by another', async () => {
    const over = { host: '127.0.0.1', sslrootcert: world.ca.cert };
    expect(await world.by({ ...over, sslmode: 'require' })).toBe('TLS');
    expect(await world.by({ ...over, sslmode: 'verify-ca' })).toBe('TLS');
    const { exit, text, hint } = await refusal(world.by({ ...over, sslmode: 'verify-full' }));
    expect(exit).toBe(4);
    expect(text).toContain("the server's certificate is for DNS:localhost, and not for 127.0.0.1");
    expect(hint).toMatch(/"host" has to be a name/);
  });

  it('"system" is verify-full with the CAs that Node.js trusts, and nothing less', async () => {
    expect((await refusal(world.by({ sslrootcert: 'system' }))).text).toContain(
      'has signed that of the server',
    );
    const weak = await refusal(world.by({ sslrootcert: 'system', sslmode: 'require' }));
    expect([weak.exit, weak.text]).toEqual([2, expect.stringContaining('must be verify-full where')]);
  });

  it('cancels over TLS too', async () => {
    const settings = world.target({ sslmode: 'verify-full', sslrootcert: world.ca.cert });
    const warehouse = await postgres.open({ settings, projectDir: world.dir, mode: 'read' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(warehouse.execute('select pg_sleep(600)', { signal: stop.signal })).rejects.toThrow(
      'enough',
    );
    await warehouse.close();
  });
});

describe('what a server shows', () => {
  afterEach(() => world.server.read(world.usual()));

  it('a certificate for another host: verify-full alone refuses', async () => {
    await world.server.read(world.showing(elsewhere));
    expect(await world.by({ sslmode: 'verify-ca', sslrootcert: world.ca.cert })).toBe('TLS');
    const { text } = await refusal(world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert }));
    expect(text).toContain('is for DNS:db.example.com, and not for localhost');
  });

  it('an expired one: whoever asks who signed refuses', async () => {
    await world.server.read(world.showing(expired));
    expect(await world.by({ sslmode: 'require' })).toBe('TLS');
    for (const sslmode of ['require', 'verify-ca', 'verify-full']) {
      const { exit, text, hint } = await refusal(world.by({ sslmode, sslrootcert: world.ca.cert }));
      expect([exit, text]).toEqual([4, expect.stringContaining('has expired')]);
      expect(hint).toMatch(/has to renew it/);
    }
  });

  it('a revoked one: refused where there is a list', async () => {
    const gone = world.ca.sign('localhost', { alt: 'DNS:localhost' });
    const list = world.ca.revoking(gone);
    expect(await world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert, sslcrl: list })).toBe('TLS');
    await world.server.read(world.showing(gone));
    const { text } = await refusal(
      world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert, sslcrl: list }),
    );
    expect(text).toContain('was revoked');
    expect(await world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert })).toBe('TLS');
  });

  it('one for an address by its common name alone, as libpq takes it', async () => {
    await world.server.read(world.showing(address));
    expect(await world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert, host: '127.0.0.1' })).toBe(
      'TLS',
    );
    expect((await refusal(world.by({ sslmode: 'verify-full', sslrootcert: world.ca.cert }))).text).toContain(
      'not for localhost',
    );
  });

  it('one it signed itself', async () => {
    await world.server.read(world.showing(world.other));
    const { text } = await refusal(world.by({ sslmode: 'verify-ca', sslrootcert: world.ca.cert }));
    expect(text).toContain('signed its certificate itself');
  });
});

describe('a server without TLS', () => {
  beforeAll(() => world.server.read({ ssl: 'off' }));
  afterAll(() => world.server.read(world.usual()));

  it.each(['disable', 'allow', 'prefer'])('%s: let in', async (sslmode) => {
    expect(await world.by({ sslmode })).toBe('clear');
  });

  it.each(['require', 'verify-ca', 'verify-full'])('%s: refused', async (sslmode) => {
    const { exit, text, hint } = await refusal(world.by({ sslmode, sslrootcert: world.ca.cert }));
    expect([exit, text]).toEqual([4, expect.stringContaining('the server has no TLS')]);
    expect(hint).toMatch(/ssl = on/);
  });

  it('"prefer" says what the server then said, and nothing of TLS', async () => {
    const { text } = await refusal(world.by({ sslmode: 'prefer', password: SECRET }));
    expect(text).toMatch(/cannot be opened: password authentication failed/);
  });
});

describe('a server that lets some in by TLS alone, or without it alone', () => {
  afterAll(() => world.server.read(world.usual()));

  it('hostssl: by every mode but "disable", which is told', async () => {
    await world.server.read({ hba: [`hostssl ${EVERYBODY} scram-sha-256`] });
    for (const sslmode of ['allow', 'prefer', 'require']) expect(await world.by({ sslmode })).toBe('TLS');
    // Who says no host connects to this one, and not by a socket.
    vi.stubEnv('PGHOST', '');
    expect(await world.by({ host: undefined })).toBe('TLS');
    const { exit, text, hint } = await refusal(world.by({ sslmode: 'disable' }));
    expect([exit, text]).toEqual([4, expect.stringMatching(/no pg_hba\.conf entry .*no encryption/)]);
    expect(hint).toContain('"sslmode": "require"');
  });

  it('hostssl, and a certificate that is not believed: both are said', async () => {
    const { text, hint } = await refusal(world.by({ sslmode: 'prefer', sslrootcert: world.other.cert }));
    expect(text).toMatch(/with TLS: no certificate of "sslrootcert" .*; without: no pg_hba\.conf entry/);
    expect(hint).toContain('the file of the CA');
  });

  it('hostnossl: by "prefer", and not by "require"', async () => {
    await world.server.read({ hba: [`hostnossl ${EVERYBODY} scram-sha-256`] });
    expect(await world.by({ sslmode: 'prefer' })).toBe('clear');
    expect((await refusal(world.by({ sslmode: 'require' }))).text).toMatch(/no pg_hba\.conf entry/);
  });
});
