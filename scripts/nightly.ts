/**
 * The long test run: `npm run test:nightly [-- PAIRS]` tries so many random pairs of definition and history (50,000)
 * against the reference evaluator and writes what came of it to tests/property/NIGHTLY.md. Exits 1 where a pair differs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

interface Told {
  readonly name: string;
  readonly pairs: number;
  readonly tries: number;
  readonly seconds: number;
  readonly from: number;
  readonly to: number;
}

const ROOT = join(import.meta.dirname, '..');
const REPORT = join(ROOT, 'tests/property/NIGHTLY.md');

const wanted = Number(process.argv[2] ?? 50_000);
if (!Number.isSafeInteger(wanted) || wanted < 1) throw new Error('how many pairs? a whole number above 0');

const scratch = mkdtempSync(join(tmpdir(), 'rollcall-nightly-'));
const told = join(scratch, 'told.jsonl');
writeFileSync(told, '');
const { status } = spawnSync('npx', ['vitest', 'run', 'tests/property'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: {
    ...process.env,
    ROLLCALL_PAIRS: String(wanted),
    ROLLCALL_REPORT: told,
  },
});
const rows = readFileSync(told, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Told)
  .sort((a, b) => (a.name < b.name ? -1 : 1));
rmSync(scratch, { recursive: true });

const total = rows.reduce((sum, row) => sum + row.pairs, 0);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
const page = `# The last nightly run

Written by \`npm run test:nightly\`. A pair is one random definition over one random history of messages; product and
reference evaluator have to agree on it. Any seed is tried again by
\`ROLLCALL_SEED=… npx vitest run tests/property\`.

- ${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${availableParallelism()} processors
- **${total.toLocaleString('en')} pairs, ${status === 0 ? 'none differed' : 'and a failure: see the log'}**

| property | pairs | tries | seeds | minutes |
| --- | --- | --- | --- | --- |
${rows
  .map(
    (row) =>
      `| ${row.name} | ${row.pairs} | ${row.tries} | ${row.from} – ${row.to - 1} | ${(row.seconds / 60).toFixed(1)} |`,
  )
  .join('\n')}
`;
writeFileSync(REPORT, await format(page, { ...(await resolveConfig(REPORT)), parser: 'markdown' }));
process.stdout.write(`\n${total} pairs; report in tests/property/NIGHTLY.md\n`);
process.exitCode = status === 0 ? 0 : 1;
