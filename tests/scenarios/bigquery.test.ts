/** The life of a project on BigQuery's emulator, through the official client. */
import { bigquery } from '../../dialects/bigquery/dialect.js';
import { livesOn } from './on-engine.js';

livesOn({
  name: 'bigquery',
  site: () =>
    Promise.resolve({
      dialect: bigquery,
      target: {
        type: 'bigquery',
        project: 'test',
        location: 'US',
        api_endpoint: process.env['BIGQUERY_EMULATOR'],
        schema: 'life',
      },
      raw: 'life_raw',
      projectDir: '/',
    }),
  version: () => Promise.resolve('bqemulator 1.4.0'),
  again: 'scripts/with-bigquery-emulator.sh npx vitest run tests/scenarios/bigquery',
  marks: [
    {
      step: '*',
      mark: 'notimpl',
      reason:
        'the emulator takes SAFE.-prefixed functions for routines of a dataset, with which landing begins',
    },
  ],
});
