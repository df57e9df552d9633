/** Certificates that users show to a server that asks for them (`cert` in pg_hba.conf). Needs a server. */
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Pair } from '../support/certificates.js';
import { EVERYBODY, refusal, SECRET, TlsWorld, type Over } from '../support/tls-world.js';

const world = new TlsWorld();

describe('a certificate instead of a password', () => {
  beforeAll(() => world.server.read({ ...world.usual(), hba: [`hostssl ${EVERYBODY} cert`] }));
  afterAll(() => world.server.read(world.usual()));
  const over = (pair: Pair): Over => ({
    password: undefined,
    sslmode: 'verify-full',
    sslrootcert: world.ca.cert,
    sslcert: pair.cert,
    sslkey: pair.key,
  });

  it('by keys, by an address, by variables, from home', async () => {
    expect(await world.by(over(world.ann))).toBe('TLS /CN=ann');
    const [root, cert, key] = [world.ca.cert, world.ann.cert, world.ann.key].map(encodeURIComponent);
    const query = `sslmode=verify-full&sslrootcert=${root}&sslcert=${cert}&sslkey=${key}`;
    expect(await world.seen({ url: `postgres://ann@localhost:${world.server.port}/postgres?${query}` })).toBe(
      'TLS /CN=ann',
    );
    vi.stubEnv('PGSSLCERT', world.ann.cert);
    vi.stubEnv('PGSSLKEY', world.ann.key);
    expect(await world.by({ password: undefined, sslmode: 'require' })).toBe('TLS /CN=ann');
    for (const name of ['PGSSLCERT', 'PGSSLKEY']) vi.stubEnv(name, undefined);
    world.atHome('root.crt', world.ca.cert);
    world.atHome('postgresql.crt', world.ann.cert);
    world.atHome('postgresql.key', world.ann.key);
    expect(await world.by({ password: undefined, sslmode: 'verify-full' })).toBe('TLS /CN=ann');
  });

  it('a key with a passphrase', async () => {
    const locked = world.ca.sign('ann', { passphrase: SECRET });
    expect(await world.by({ ...over(locked), sslpassword: SECRET })).toBe('TLS /CN=ann');
    const without = await refusal(world.by(over(locked)));
    expect([without.exit, without.text]).toEqual([2, expect.stringContaining('"sslpassword" is not given')]);
    const wrong = await refusal(world.by({ ...over(locked), sslpassword: `${SECRET}s` }));
    expect([wrong.exit, wrong.text]).toEqual([
      2,
      expect.stringContaining('another passphrase than "sslpassword"'),
    ]);
  });

  it('a key that is of another, that others may use, or that is not there', async () => {
    expect(await refusal(world.by({ ...over(world.ann), sslkey: world.ours.key }))).toMatchObject({
      exit: 2,
      text: expect.stringMatching(/"sslkey": \S+ is not the key of the certificate/) as string,
    });
    const open = join(world.dir, 'open.key');
    copyFileSync(world.ann.key, open);
    chmodSync(open, 0o644);
    expect(await refusal(world.by({ ...over(world.ann), sslkey: open }))).toMatchObject({
      exit: 2,
      text: expect.stringContaining('group or others may use') as string,
      hint: expect.stringContaining('chmod 0600') as string,
    });
    expect((await refusal(world.by({ ...over(world.ann), sslkey: undefined }))).text).toMatch(
      /its key \S+postgresql\.key is not/,
    );
  });

  it('none is shown: the server says that it wants one', async () => {
    const { exit, text, hint } = await refusal(
      world.by({ ...over(world.ann), sslcert: undefined, sslkey: undefined }),
    );
    expect([exit, text]).toEqual([4, expect.stringContaining('requires a valid client certificate')]);
    expect(hint).toContain('"sslcert" and "sslkey"');
  });

  it('that of another CA: the server does not take it, and nobody waits for a goodbye that does not come', async () => {
    const shown = over(world.other.sign('ann'));
    for (let times = 0; times < 10; times += 1) {
      const { exit, text, hint } = await refusal(world.by(shown));
      expect([exit, text]).toEqual([4, expect.stringMatching(/does not take the certificate we show/)]);
      expect(hint).toContain('ssl_ca_file');
    }
  });

  it('that of somebody else', async () => {
    const { exit, text, hint } = await refusal(world.by(over(world.ca.sign('bob'))));
    expect([exit, text]).toEqual([
      4,
      expect.stringContaining('certificate authentication failed for user "ann"'),
    ]);
    expect(hint).toContain('common name');
  });
});
