/** Where GoogleSQL's binary is, and whether it can run here. Known without starting it, so that tests can be left out. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The package's folder of binaries and protocols. */
export const zetasqlFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@fivetrandevelopers/zetasql')), 'zetasql');

export const zetasqlBinary = (): string =>
  join(zetasqlFolder(), process.arch.startsWith('arm') ? 'remote_server_arm.so' : 'remote_server.so');

/** Why GoogleSQL cannot run here; nothing where it can. */
export function whyNoGoogleSql(): string | undefined {
  if (process.platform !== 'linux')
    return `GoogleSQL's binary is one for Linux, and this is ${process.platform}`;
  let binary: string;
  try {
    binary = zetasqlBinary();
  } catch {
    return 'the package @fivetrandevelopers/zetasql is not installed';
  }
  if (!existsSync(binary)) return `there is no ${binary}`;
  // Without a port it ends at once, by itself; where it cannot be loaded, the loader says so.
  const { error, status, stderr } = spawnSync(binary, { encoding: 'utf8', timeout: 10_000 });
  if (error) return `GoogleSQL's binary does not start: ${error.message}`;
  return status === 126 || status === 127 ? `GoogleSQL's binary does not start: ${stderr.trim()}` : undefined;
}
