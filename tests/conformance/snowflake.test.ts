/**
 * Conformance cases on Snowflake's emulator, where one runs. It reads and translates each statement in Python, and a run has
 * two hundred: so every so-manieth case by its SELECTs, journeys by runs as well (`ROLLCALL_SNOWFLAKE_EVERY`), and fewer by runs
 * (`ROLLCALL_SNOWFLAKE_RUNS_EVERY`); by default all.
 */
import { describe } from 'vitest';
import type { EngineUnderTest } from '../engines/engine.js';
import { snowflakeEngine } from '../engines/snowflake.js';
import { conformsOn } from './on-engine.js';

const every = Number(process.env['ROLLCALL_SNOWFLAKE_EVERY'] ?? 1);
const runsEvery = Number(process.env['ROLLCALL_SNOWFLAKE_RUNS_EVERY'] ?? every);

// SELECTs of journeys read what runs of earlier steps left.
const waysOf: EngineUnderTest['waysOf'] = ({ definitions }) =>
  definitions.some(({ kind }) => kind === 'journey') ? ['standalone', 'run'] : ['standalone'];

describe('by SELECT, on the emulator', () => {
  conformsOn({ ...snowflakeEngine, ways: ['standalone'], waysOf }, 0, every);
});
describe('by runs, on the emulator', () => {
  conformsOn({ ...snowflakeEngine, ways: ['run'] }, 0, runsEvery);
});
