/** The life of a project on PGlite, whose server is this process: those who run, and are killed, come from outside. */
import { afterAll } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import { pgliteEngine } from '../engines/postgres.js';
import { servePglite, type PgliteServer } from '../engines/pglite-server.js';
import { livesOn, type StepMark } from './on-engine.js';

let server: PgliteServer | undefined;

const onServer = (step: string): StepMark => ({
  step,
  mark: 'notimpl',
  reason: 'a process each: played on a server, and one of them here',
});

livesOn({
  name: 'pglite',
  site: async () => {
    // One of its own: tests that share one hold its only connection.
    server = await servePglite();
    const address = { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' };
    const target = { type: 'postgres', ...address, sslmode: 'disable', connect_timeout: 1, schema: 'life' };
    return { dialect: postgres, target, raw: 'life_raw', projectDir: '/' };
  },
  version: () => pgliteEngine.version(),
  again: 'ROLLCALL_PGLITE=yes npx vitest run tests/scenarios/pglite',
  marks: [
    { step: 'a second comer', mark: 'never', reason: 'it has one connection, for which the second waits' },
    onServer('a run killed between definitions'),
    onServer('a run killed while it lands'),
    onServer('a run killed while it publishes'),
    onServer('a run killed right after it published'),
  ],
});

afterAll(() => server?.close());
