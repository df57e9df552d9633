/** The life of a project on Snowflake's emulator, through the official driver. */
import { snowflake } from '../../dialects/snowflake/dialect.js';
import { emulatedSettings } from '../dialects/snowflake/emulated.js';
import { snowflakeEngine } from '../engines/snowflake.js';
import { livesOn, type StepMark } from './on-engine.js';

const inTransaction = (step: string): StepMark => ({
  step,
  mark: 'notimpl',
  reason:
    'the emulator never ends the transaction of a session that is gone; Snowflake does when it is in the way of another for five minutes',
});

livesOn({
  name: 'snowflake',
  site: () =>
    Promise.resolve({
      dialect: snowflake,
      target: { ...emulatedSettings(), type: 'snowflake', schema: 'life' },
      raw: 'life_raw',
      projectDir: '/',
      keepsNulls: true,
    }),
  version: () => snowflakeEngine.version(),
  again: 'bash scripts/with-snowflake-emulator.sh npx vitest run tests/scenarios/snowflake',
  marks: [
    inTransaction('a run killed while it lands'),
    inTransaction('a run killed while it publishes'),
    inTransaction('a run killed at the commit that publishes'),
  ],
});
