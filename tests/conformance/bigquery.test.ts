/**
 * Conformance cases on GoogleSQL's own analyser and evaluator. `ROLLCALL_GOOGLESQL` says which: `all` every standalone
 * SELECT, and the runs of journeys, which SELECTs read; `runs` every run too, of a hundred statements each; else a few of both.
 */
import { afterAll } from 'vitest';
import { bigqueryEvaluator, startedServer } from '../engines/bigquery-evaluator.js';
import type { EngineUnderTest, Way } from '../engines/engine.js';
import { conformsOn } from './on-engine.js';

const amount = process.env['ROLLCALL_GOOGLESQL'] ?? 'few';
const BOTH: readonly Way[] = ['standalone', 'run'];
const server = await startedServer();
afterAll(() => server[Symbol.asyncDispose]());

const waysOf: EngineUnderTest['waysOf'] = ({ definitions }) =>
  amount !== 'all' || definitions.some(({ kind }) => kind === 'journey') ? BOTH : ['standalone'];
conformsOn({ ...bigqueryEvaluator(server, BOTH), waysOf }, 0, amount === 'few' ? 170 : 1);
