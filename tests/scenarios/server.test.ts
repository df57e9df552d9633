/** The life of a project on the PostgreSQL server that `scripts/with-postgres.sh` starts. */
import { postgres } from '../../dialects/postgres/dialect.js';
import { POSTGRES_URL, postgresEngine, serverSettings } from '../engines/postgres.js';
import { livesOn } from './on-engine.js';

livesOn({
  name: 'postgres',
  site: async () => {
    await serverSettings();
    const target = { type: 'postgres', url: POSTGRES_URL, schema: 'life' };
    return { dialect: postgres, target, raw: 'life_raw', projectDir: '/' };
  },
  version: () => postgresEngine.version(),
  again: 'scripts/with-postgres.sh npx vitest run tests/scenarios/server',
  marks: [],
});
