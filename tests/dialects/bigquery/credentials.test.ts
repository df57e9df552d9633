/** Who a target is to BigQuery: a key, the machine's own account, or another one they act as; and credentials that are not there. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '../../../dialects/bigquery/credentials.js';
import { BUYERS, CONFIG, emptyFolder, rollcall, type Shop } from '../../cli/support.js';

let shop: Shop;
let keyFile: string;
beforeEach(async () => {
  shop = await emptyFolder();
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const key = {
    type: 'service_account',
    client_email: 'rollcall@acme.iam.gserviceaccount.com',
    private_key: privateKey,
  };
  await shop.write('key.json', key);
  keyFile = `${shop.dir}/key.json`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await shop[Symbol.asyncDispose]();
});

/** What tells clients apart. */
async function client(settings: Partial<Parameters<typeof clientOptions>[0]>): Promise<unknown> {
  const { authClient } = await clientOptions({ project: 'acme', ...settings });
  if (authClient === undefined) return undefined;
  const { email, targetPrincipal, sourceClient } = authClient as unknown as {
    readonly email?: string;
    readonly targetPrincipal?: string;
    readonly sourceClient?: { readonly email?: string };
  };
  return [authClient.constructor.name, email ?? targetPrincipal, sourceClient?.email].filter(Boolean);
}

describe('a target', () => {
  it('with a key is the account of the key', async () => {
    expect(await client({ keyFile })).toEqual(['JWT', 'rollcall@acme.iam.gserviceaccount.com']);
  });
  it('may act as another account', async () => {
    const other = 'audiences@acme.iam.gserviceaccount.com';
    expect(await client({ keyFile, impersonate: other })).toEqual([
      'Impersonated',
      other,
      'rollcall@acme.iam.gserviceaccount.com',
    ]);
  });
  it('without a key is whoever the machine is logged in as', async () => {
    expect(await client({})).toBeUndefined();
  });
  it('that is an emulator is sent nothing of a key', async () => {
    expect(await client({ keyFile, apiEndpoint: 'http://127.0.0.1:1' })).toEqual(['PassThroughClient']);
  });
});

it(
  'application-default credentials that are not there: exit 4, and what to do',
  { timeout: 60_000 },
  async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', `${shop.dir}/nowhere.json`);
    const target = { type: 'bigquery', project: 'acme', dataset: 'rollcall' };
    await shop.write('rollcall.json', { ...CONFIG, targets: { dev: target } });
    await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
    const ran = await rollcall(shop.dir, ['run']);
    expect(ran.stderr).toMatch(
      /^warehouse-unavailable the credentials for BigQuery cannot be read: [^]*nowhere\.json[^]*hint: GOOGLE_APPLICATION_CREDENTIALS has to name/,
    );
    expect(ran.exit).toBe(4);
  },
);
