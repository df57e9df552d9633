/** A BigQuery target's settings, checked. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { OpenOptions } from '../warehouse.js';

export interface BigQuerySettings {
  readonly project: string;
  /** Where jobs run and datasets are made; without it where BigQuery thinks. */
  readonly location?: string;
  /** Absolute path of a service account's key; without it application-default credentials. */
  readonly keyFile?: string;
  /** The service account to act as. */
  readonly impersonate?: string;
  /** Another endpoint than Google's; over plain HTTP it is an emulator, which knows no credentials. */
  readonly apiEndpoint?: string;
  /** Statements that would bill more are refused. */
  readonly maximumBytesBilled?: string;
}

/** Reads the target's settings; a wrong one is a diagnostic. */
export function readSettings({ settings, projectDir }: OpenOptions): BigQuerySettings {
  const text = (name: string): string | undefined => {
    const value = settings[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw invalid(name, 'a text');
    return value;
  };
  const project = text('project');
  if (project === undefined) throw invalid('project', 'the id of a Google Cloud project');
  const keyFile = text('key_file');
  const path = keyFile === undefined ? undefined : resolve(projectDir, keyFile);
  if (path !== undefined && !existsSync(path))
    throw invalid('key_file', `the path of a key, and there is no ${path}`);
  const apiEndpoint = text('api_endpoint');
  if (apiEndpoint !== undefined && !/^https?:\/\//.test(apiEndpoint)) throw invalid('api_endpoint', 'a URL');
  const [location, impersonate] = [text('location'), text('impersonate_service_account')];
  const limit = settings['maximum_bytes_billed'];
  if (limit !== undefined && !(typeof limit === 'number' && Number.isSafeInteger(limit) && limit > 0))
    throw invalid('maximum_bytes_billed', 'a positive whole number');
  return {
    project,
    ...(location !== undefined && { location }),
    ...(path !== undefined && { keyFile: path }),
    ...(impersonate !== undefined && { impersonate }),
    ...(apiEndpoint !== undefined && { apiEndpoint }),
    ...(limit !== undefined && { maximumBytesBilled: String(limit) }),
  };
}

function invalid(name: string, expected: string): UserError {
  return new UserError({
    code: 'invalid-value',
    severity: 'error',
    message: `the BigQuery target's "${name}" must be ${expected}`,
  });
}
