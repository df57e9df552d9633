/**
 * Processes that are really killed leave what `duckdb.test.ts` takes for it: a copy of the files between two calls. Of both, the
 * state is read before anything is done again, and then the command is given again.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { duckdbFile } from './engines.js';
import { Lives } from './lives.js';
import { openHook, type Act, type Hook, type Place } from './place.js';

const ALL = process.env['ROLLCALL_FAULTS'] === 'all';

let hook: Hook;
let lives: Lives;
beforeAll(async () => {
  hook = await openHook();
  lives = await Lives.play(duckdbFile, hook, 2);
});
afterAll(async () => {
  await lives.dispose();
  await hook[Symbol.asyncDispose]();
});

/** What ended the process. */
function killed(place: Place, act: Act, n: number): Promise<string> {
  const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url));
  const told = JSON.stringify({ dir: place.dir, act, hook: hook.url, n });
  return new Promise((resolve, reject) => {
    spawn(process.execPath, ['--import', 'tsx', child], {
      env: { ...process.env, ROLLCALL_KILLED: told },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
      .on('error', reject)
      .on('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}`));
  });
}

/** In the middle of the transaction that publishes, and between sending and its record; of all, a dozen of each act. */
const PLACES = ALL
  ? [1, 2].flatMap((day) =>
      (['run', 'sync'] as const).flatMap((command) =>
        Array.from({ length: 12 }, (_, i) => ({ act: { day, command }, share: (i + 0.5) / 12 })),
      ),
    )
  : [
      { act: { day: 2, command: 'run' }, share: 0.9 },
      { act: { day: 2, command: 'sync' }, share: 0.45 },
    ] as const; // prettier-ignore

it.each(PLACES.map(({ act, share }) => [`${act.command} of day ${act.day}, at ${Math.round(share * 100)} %`, act, share] as const))(
  '%s',
  { timeout: 120_000 },
  async (_, act, share) => {
    const n = Math.max(1, Math.round(lives.calls(act) * share));
    const dead = await lives.placeBefore(act);
    expect(await dead.receiving(() => killed(dead, act, n))).toBe('SIGKILL');
    await lives.breakAt(act, n, async (copy, again) => {
      expect(await dead.seen()).toEqual(await copy.seen());
      await again(dead);
    });
  },
); // prettier-ignore
