/**
 * Every fault at every call: `npm run test:nightly -- faults [FILE]`. Tests of `tests/faults` are told to leave nothing out, and
 * what came of it is written to tests/faults/REPORT.md. DuckDB only; `scripts/with-postgres.sh` tries a sample on a server.
 * With a file of lines that such a run reported (`ROLLCALL_REPORT`), only the page is written.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, writeFormatted } from './written.js';

/** A line of a report. */
interface Told {
  readonly act: string;
  readonly fault: string;
  readonly calls: number;
  readonly failed?: number;
}

const PAGE = join(ROOT, 'tests/faults/REPORT.md');

/** Tries all, and writes the page; whether nothing went wrong. */
export async function faultsNight(given?: string): Promise<boolean> {
  if (given !== undefined) {
    await writePage(readFileSync(given, 'utf8'));
    return true;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-nightly-'));
  const report = join(scratch, 'told.jsonl');
  writeFileSync(report, '');
  const { status } = spawnSync('npx', ['vitest', 'run', 'tests/faults'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ROLLCALL_FAULTS: 'all', ROLLCALL_REPORT: report },
  });
  await writePage(readFileSync(report, 'utf8'));
  rmSync(scratch, { recursive: true });
  return status === 0;
}

async function writePage(lines: string): Promise<void> {
  const told = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
  const faults = [...new Set(told.map(({ fault }) => fault))];
  const rows = [...new Set(told.map(({ act }) => act))].map((act) => {
    const cells = faults.map((fault) => {
      const own = told.find((one) => one.act === act && one.fault === fault);
      if (!own) return 'not tried';
      return own.failed ? `${own.calls}, **${own.failed} came to something else**` : String(own.calls);
    });
    return `| ${[act, ...cells].join(' | ')} |`;
  });
  const calls = told.reduce((sum, one) => sum + one.calls, 0);
  const failed = told.reduce((sum, one) => sum + (one.failed ?? 0), 0);
  const text = `# Faults at every call

Written by \`npm run test:nightly -- faults\`. The commands of the wide project's life (\`wide.ts\`) make so many calls of DuckDB; at each of
them each fault (\`lives.ts\` says what they are) was put alone, the command given again, and all state, all that was delivered and
their ids compared with those of an unbroken life.

**${calls} faults, ${failed === 0 ? 'all of which came to the same' : `${failed} of which did not come to the same`}.**

| command | ${faults.join(' | ')} |
| --- | ${faults.map(() => '--:').join(' | ')} |
${rows.join('\n')}
`;
  await writeFormatted(PAGE, text);
}
