/**
 * Conformance cases on DuckDB, in six parts, as one file of tests runs in one process. `npm test` has the first. A case is asked of its
 * SELECTs, but where only runs can tell what is expected: of those who were at a step of a journey before, of what is sent and of
 * rows of entities that are kept. Some of the others are asked of runs instead. `ROLLCALL_DUCKDB=rest`, as CI has it, asks those of the
 * first part the other way, and the others both ways; `all` both of all.
 */
import { duckdbEngine } from '../engines/duckdb.js';
import type { EngineUnderTest, Way } from '../engines/engine.js';
import { conformsOn } from './on-engine.js';

/** Of cases that SELECTs can tell, every so-manieth is asked of runs, by the length of its name: it is the same in each process. */
const RUN_EVERY = 12;

type Asked = Parameters<NonNullable<EngineUnderTest['waysOf']>>[0];

/** Whether SELECTs read what runs before them left. */
const remembers = ({ definitions, steps }: Asked): boolean =>
  steps.length > 1 && definitions.some(({ kind }) => kind === 'journey');

function wayOf(one: Asked): Way {
  const { name, steps } = one;
  const isToldByRuns = steps.some(({ expect }) => expect.said ?? expect.tracked ?? expect.entity_rows);
  return remembers(one) || isToldByRuns || name.length % RUN_EVERY === 0 ? 'run' : 'standalone';
}

const restOf = (one: Asked): readonly Way[] =>
  duckdbEngine.ways.filter((way) => remembers(one) || way !== wayOf(one));

/** @param part from 0 */
export function conformsOnDuckdb(part: number, parts: number): void {
  const asked = process.env['ROLLCALL_DUCKDB'];
  const waysOf = asked === 'rest' ? restOf : (one: Asked) => [wayOf(one)];
  const both = asked === 'all' || (asked === 'rest' && part > 0);
  conformsOn(both ? duckdbEngine : { ...duckdbEngine, waysOf }, part, parts);
}
