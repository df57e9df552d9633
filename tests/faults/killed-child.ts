/** Does an act and is killed, as by `kill -9`, just before its nth call. What to do is in the environment. */
import { duckdbFile } from './engines.js';
import { Place, type Act } from './place.js';
import { visited } from './points.js';

interface Told {
  readonly dir: string;
  readonly act: Act;
  readonly hook: string;
  readonly n: number;
}

const { dir, act, hook, n } = JSON.parse(process.env['ROLLCALL_KILLED'] ?? '') as Told;
const nowhere = { url: hook, into: [], [Symbol.asyncDispose]: () => Promise.resolve() };
const place = Place.at(duckdbFile, nowhere, dir, 'killed');
const engine = visited(duckdbFile.dialect, {
  before: (point) => {
    if (point.n === n) process.kill(process.pid, 'SIGKILL');
  },
});
process.exitCode = (await place.act(act, engine)) ? 0 : 1;
