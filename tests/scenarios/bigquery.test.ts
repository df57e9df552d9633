/** The life of a project through BigQuery's official client, on SQL that GoogleSQL's own evaluator executes. */
import { afterAll } from 'vitest';
import { bigquery } from '../../dialects/bigquery/dialect.js';
import { driverVersion } from '../../dialects/driver-version.js';
import { startedServer } from '../engines/bigquery-evaluator.js';
import { BigQueryService } from '../support/bigquery-service/service.js';
import { livesOn } from './on-engine.js';

const evaluator = await startedServer();
const service = await BigQueryService.start(evaluator);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await evaluator[Symbol.asyncDispose]();
});

livesOn({
  name: 'bigquery',
  site: () =>
    Promise.resolve({
      dialect: bigquery,
      target: {
        type: 'bigquery',
        project: 'test',
        location: 'US',
        api_endpoint: service.endpoint,
        schema: 'life',
      },
      raw: 'life_raw',
      projectDir: '/',
    }),
  version: () =>
    Promise.resolve(
      `GoogleSQL, @fivetrandevelopers/zetasql 1.13.0, behind an API of ours, through ${driverVersion('@google-cloud/bigquery')}`,
    ),
  again: 'ROLLCALL_GOOGLESQL=few npx vitest run tests/scenarios/bigquery',
  marks: [],
});
