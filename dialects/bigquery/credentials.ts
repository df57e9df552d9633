/** Who we are to BigQuery: a service account's key, or what the machine is logged in as; perhaps acting as another. */
import { readFileSync } from 'node:fs';
import type { BigQueryOptions } from '@google-cloud/bigquery';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { BigQuerySettings } from './settings.js';

const SCOPES = ['https://www.googleapis.com/auth/bigquery', 'https://www.googleapis.com/auth/cloud-platform'];

/** What the client is made with. An emulator, over plain HTTP, is sent no credentials. */
export async function clientOptions(settings: BigQuerySettings): Promise<BigQueryOptions> {
  const { project, location, keyFile, impersonate, apiEndpoint } = settings;
  const common: BigQueryOptions = {
    projectId: project,
    ...(location !== undefined && { location }),
    ...(apiEndpoint !== undefined && { apiEndpoint }),
  };
  const { GoogleAuth, Impersonated, JWT, PassThroughClient } = await import('google-auth-library');
  // The client brings a copy of the library of its own, of the same meaning: types cannot tell.
  type AuthClient = NonNullable<BigQueryOptions['authClient']>;
  if (apiEndpoint?.startsWith('http://'))
    return { ...common, authClient: new PassThroughClient() as unknown as AuthClient };
  const key = keyFile === undefined ? undefined : serviceAccountKey(keyFile);
  const own = key && new JWT({ email: key.email, key: key.privateKey, scopes: SCOPES });
  if (impersonate === undefined)
    return own ? { ...common, authClient: own as unknown as AuthClient } : common;
  const sourceClient = own ?? (await new GoogleAuth({ scopes: SCOPES }).getClient());
  const acting = { sourceClient, targetPrincipal: impersonate, targetScopes: SCOPES, lifetime: 3600 };
  return { ...common, authClient: new Impersonated(acting) as unknown as AuthClient };
}

/** What a key file says. Only a service account's key is taken: other kinds may tell the library to ask any address. */
function serviceAccountKey(path: string): { readonly email: string; readonly privateKey: string } {
  const refused = (message: string, cause?: unknown): UserError =>
    new UserError(
      {
        code: 'warehouse-unavailable',
        severity: 'error',
        message: `the key file ${path} ${message}`,
        hint: 'make a JSON key of a service account, or leave "key_file" out and use application-default credentials',
      },
      4,
      { cause },
    );
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refused('cannot be read as JSON', error);
  }
  const { type, client_email: email, private_key: privateKey } = (json ?? {}) as Record<string, unknown>;
  if (type !== 'service_account' || typeof email !== 'string' || typeof privateKey !== 'string')
    throw refused("is not a service account's key");
  return { email, privateKey };
}
