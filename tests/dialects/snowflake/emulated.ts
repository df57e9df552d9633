/** The emulator that `scripts/with-snowflake-emulator.sh` starts, and a database of one's own in it. */
import { snowflake } from '../../../dialects/snowflake/dialect.js';
import type { Warehouse } from '../../../dialects/warehouse.js';

/** `host:port` of a running emulator; absent, nothing here can run. */
const EMULATOR = process.env['ROLLCALL_SNOWFLAKE_EMULATOR'];

let databases = 0;

/** Settings of a target in the emulator, its database not used by anybody else. */
export function emulatedSettings(): Readonly<Record<string, unknown>> {
  const [host = '', port = ''] = (EMULATOR ?? '').split(':');
  return {
    type: 'snowflake',
    account: 'emulator',
    user: 'rollcall',
    password: 'none-needed',
    database: `t${process.pid}_${(databases += 1)}`,
    host,
    port: Number(port),
    protocol: 'http',
  };
}

export function openEmulated(settings = emulatedSettings()): Promise<Warehouse> {
  return snowflake.open({ settings, projectDir: '/', mode: 'write' });
}
