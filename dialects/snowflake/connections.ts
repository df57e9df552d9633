/** `connections.toml`, where Snowflake's own tools keep how they connect. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { UserError } from '../../compiler/diagnostics/index.js';

/** Where the file may be, the first there is counts: as Snowflake's drivers and command line look for it. */
function places(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env['HOME'] ?? homedir();
  const config = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  return [
    ...(env['SNOWFLAKE_HOME'] ? [join(env['SNOWFLAKE_HOME'], 'connections.toml')] : []),
    join(home, '.snowflake', 'connections.toml'),
    join(config, 'snowflake', 'connections.toml'),
    join(home, 'Library', 'Application Support', 'snowflake', 'connections.toml'),
    join(home, 'AppData', 'Local', 'snowflake', 'connections.toml'),
  ];
}

/** Names that differ from those of a target. */
const SAME: Readonly<Record<string, string>> = {
  username: 'user',
  private_key_file: 'private_key_path',
  private_key_file_pwd: 'private_key_passphrase',
  private_key_passphrase: 'private_key_passphrase',
};

/**
 * The settings of a connection, under the names a target has for them. A file that is not there, is no TOML, or lacks
 * the connection is a diagnostic; nothing of its contents is shown but the names of connections.
 */
export function connectionSettings(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, unknown>> {
  const tried = places(env);
  const path = tried.find((each) => existsSync(each));
  if (path === undefined)
    throw invalid('there is no connections.toml', `looked for ${tried.slice(0, 3).join(', ')}`);
  const file = readToml(path);
  const connection = Object.hasOwn(file, name) ? file[name] : undefined;
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw invalid(`${path} has no connection "${name}"`, `it has ${Object.keys(file).join(', ') || 'none'}`);
  }
  return Object.fromEntries(
    Object.entries(connection).map(([key, value]) => [
      SAME[key.toLowerCase()] ?? key.toLowerCase(),
      value as unknown,
    ]),
  );
}

function readToml(path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The parser's message quotes the line, which may hold a password.
    const line = error instanceof Error && 'line' in error ? `, line ${String(error.line)}` : '';
    throw invalid(`${path} cannot be read as TOML${line}`, 'check the file', error);
  }
}

function invalid(message: string, hint: string, cause?: unknown): UserError {
  return new UserError({ code: 'invalid-value', severity: 'error', message, hint }, 2, { cause });
}
