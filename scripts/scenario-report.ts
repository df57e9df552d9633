/** The part of `docs/conformance.md` on the life of a project (`tests/scenarios`): engines by steps, and why not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIFE } from '../tests/scenarios/life.js';
import type { LifeResults } from '../tests/scenarios/on-engine.js';

const RESULTS = join(import.meta.dirname, '../tests/scenarios/results');

export function scenarioSection(): string {
  const engines = readdirSync(RESULTS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as LifeResults);
  const names = LIFE.map(({ name }) => name);
  const cell = ({ steps }: LifeResults, name: string): string =>
    steps.find(({ step }) => step === name)?.status ?? 'not asked';
  const totals = (engine: LifeResults): string => {
    const found = names.map((name) => cell(engine, name));
    return [...new Set(found)].map((s) => `${found.filter((f) => f === s).length} ${s}`).join(', ');
  };
  const reasons = engines.flatMap(({ engine, steps }) =>
    [...new Set(steps.map(({ reason }) => reason))]
      .filter((reason) => reason !== undefined)
      .map((reason) => {
        const own = steps.filter((step) => step.reason === reason);
        return `- ${engine}, ${own[0]?.status ?? ''}: ${reason} — ${own.length} ${own.length === 1 ? 'step' : 'steps'}`;
      }),
  );
  return `## The life of a project

Days of a small project (\`tests/scenarios/life.ts\`), with runs in processes of their own that are killed where it says; after each step
what people see is compared with DuckDB, whose runs are not broken. \`npm run cloud-scenarios\` plays it on a target of yours.

| engine | executed by | again |
| --- | --- | --- |
${engines.map((e) => `| ${e.engine} | ${e.version} | \`${e.again}\` |`).join('\n')}

| step | ${engines.map((e) => e.engine).join(' | ')} |
| --- | ${engines.map(() => '---').join(' | ')} |
${names.map((name) => `| ${name} | ${engines.map((e) => cell(e, name)).join(' | ')} |`).join('\n')}
| **all** | ${engines.map(totals).join(' | ')} |

${reasons.join('\n')}
`;
}
