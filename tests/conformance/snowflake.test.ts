/**
 * Conformance cases on Snowflake's emulator, where one runs: every so-manieth by a run, as each of its statements is read
 * and translated in Python, and twice as many by their SELECTs.
 */
import { describe } from 'vitest';
import { snowflakeEngine } from '../engines/snowflake.js';
import { conformsOn } from './on-engine.js';

const every = Number(process.env['ROLLCALL_SNOWFLAKE_EVERY'] ?? 1);
const ways = (process.env['ROLLCALL_SNOWFLAKE_WAYS'] ?? 'standalone,run').split(',') as (
  'standalone' | 'run'
)[];

describe('on the emulator', () => {
  conformsOn({ ...snowflakeEngine, ways }, 0, every);
});
