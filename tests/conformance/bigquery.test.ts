/**
 * Conformance cases on GoogleSQL's own analyser and evaluator. `ROLLCALL_GOOGLESQL` says which: `all` the standalone SELECT of
 * every case and the runs of a fifth, `runs` both of every case; else a few, as a run is a hundred statements.
 */
import { afterAll, it } from 'vitest';
import { bigqueryEvaluator, startedServer } from '../engines/bigquery-evaluator.js';
import type { Way } from '../engines/engine.js';
import { conformsOn } from './on-engine.js';

const amount = process.env['ROLLCALL_GOOGLESQL'] ?? 'few';
const ways: readonly Way[] = amount === 'all' ? ['standalone'] : ['standalone', 'run'];
const server = await startedServer();
afterAll(() => server?.[Symbol.asyncDispose]());

if (server) conformsOn(bigqueryEvaluator(server, ways), 0, amount === 'few' ? 60 : 1);
else it.skip('GoogleSQL does not run here', () => undefined);
