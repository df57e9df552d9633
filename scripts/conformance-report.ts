/** Writes `docs/conformance.md` from what is kept in `tests/engines/results`: engines by files of cases. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CaseResult, EngineResults } from '../tests/engines/results.js';
import { scenarioSection } from './scenario-report.js';
import { ROOT, writeFormatted } from './written.js';

const PAGE = join(ROOT, 'docs/conformance.md');
const RESULTS = join(ROOT, 'tests/engines/results');

const MARKS = ['notimpl', 'notyet', 'never'] as const;

export async function writeReport(): Promise<void> {
  const engines = readdirSync(RESULTS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as EngineResults)
    .sort((a, b) => rank(a.engine) - rank(b.engine) || (a.engine < b.engine ? -1 : 1));
  await writeFormatted(PAGE, pageOf(engines));
}

const rank = (engine: string): number => ['reference', 'duckdb'].indexOf(engine) >>> 0;

/** A case by what became of it in all its ways: failed in one is failed, run in one is run. */
type Verdict = CaseResult['status'];

function verdicts({ cases }: EngineResults): ReadonlyMap<string, Verdict> {
  const found = new Map<string, Verdict>();
  const weight = (status: Verdict): number => (status === 'failed' ? 2 : status === 'passed' ? 1 : 0);
  for (const { case: title, status } of cases) {
    const known = found.get(title);
    if (known === undefined || weight(status) > weight(known)) found.set(title, status);
  }
  return found;
}

const groupOf = (title: string): string => title.slice(0, title.indexOf(': '));

function pageOf(engines: readonly EngineResults[]): string {
  const judged = engines.map((engine) => ({ engine, of: verdicts(engine) }));
  const titles = [...new Set(judged.flatMap(({ of }) => [...of.keys()]))].sort();
  const groups = [...new Set(titles.map(groupOf))];
  const cell = (of: ReadonlyMap<string, Verdict>, own: readonly string[]): string => {
    const count = (status: Verdict): number => own.filter((title) => of.get(title) === status).length;
    const missing = own.filter((title) => !of.has(title)).length;
    const others = [
      ...(['failed', ...MARKS] as const).map((status) => [count(status), status] as const),
      [missing, 'not asked'] as const,
    ].filter(([n]) => n > 0);
    return [String(count('passed')), ...others.map(([n, status]) => `${n} ${status}`)].join(', ');
  };
  const row = (name: string, own: readonly string[]): string =>
    `| ${name} | ${own.length} | ${judged.map(({ of }) => cell(of, own)).join(' | ')} |`;
  const ways = (engine: EngineResults): string => {
    const run = engine.cases.filter(({ status }) => status === 'passed' || status === 'failed');
    const count = (way: CaseResult['way']): number => run.filter((one) => one.way === way).length;
    const all = (['reference', 'standalone', 'run'] as const).flatMap((way) =>
      count(way) > 0 ? [`${count(way)} ${WAYS[way]}`] : [],
    );
    return all.join(', ');
  };
  const reasons = engines.flatMap((engine) => {
    const own = engine.cases.filter(({ reason }) => reason !== undefined);
    const lines = [...new Set(own.map(({ status, reason }) => `${status}: ${reason ?? ''}`))].map((why) => {
      const those = own.filter(({ status, reason }) => `${status}: ${reason ?? ''}` === why);
      const names = [...new Set(those.map((one) => `_${one.case}_ (${one.way})`))];
      const shown = names.length > 8 ? [...names.slice(0, 8), `and ${names.length - 8} more`] : names;
      return `- ${why} — ${shown.join('; ')}`;
    });
    const asked = new Set(engine.cases.map((one) => one.case));
    const missing = titles.filter((title) => !asked.has(title)).length;
    const all =
      missing === 0 || engine.sample === undefined
        ? lines
        : [`- not asked: ${missing} of ${titles.length}; ${engine.sample}`, ...lines];
    return all.length === 0 ? [] : [`\n### ${engine.engine}\n`, ...all];
  });
  return `# Conformance

Written by \`npm run conformance:report\` from \`tests/engines/results/\`, which the commands below write. A case is
definitions, what lands, and what has to come out, by hand (\`tests/conformance/*.json\`). On an engine it is computed
by the definition's standalone SELECT and by runs, step by step. The reference evaluator shares no code with the product.

| engine | executed by | cases run | again |
| --- | --- | --- | --- |
${engines.map((e) => `| ${e.engine} | ${e.version} | ${ways(e)} | \`${e.again}\` |`).join('\n')}

## Passed, and what was not run

\`notimpl\`: not built on this engine; \`notyet\`: will be; \`never\`: cannot be; not asked: there is a sample, and they are not of it.

| cases of | all | ${engines.map((e) => e.engine).join(' | ')} |
| --- | --- | ${engines.map(() => '---').join(' | ')} |
${groups
  .map((group) =>
    row(
      group,
      titles.filter((title) => groupOf(title) === group),
    ),
  )
  .join('\n')}
${row('**all**', titles)}

## Why not
${reasons.length === 0 ? '\nEvery case was run on every engine.' : reasons.join('\n')}

${scenarioSection()}`;
}

const WAYS = { reference: 'by evaluation', standalone: 'by SELECT', run: 'by runs' } as const;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await writeReport();
