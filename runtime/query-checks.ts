/** The rows of a SQL trait's query, looked at before they count: one row an id, and ids that profiles have. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { Row } from '../dialects/warehouse.js';
import { ownerOf, type Spans } from '../models/definition.js';
import { spanOf } from '../models/source/spans.js';
import type { Executor } from './executor.js';
import type { DefinitionScript } from './script.js';
import { nullableText, numberOf, textOf } from './session.js';

/** What is wrong with the rows of a query, if anything: an error, or a warning of what is left out. */
export async function lookAt(
  { plan, checks }: DefinitionScript,
  executor: Executor,
  spans: Spans,
): Promise<Diagnostic | undefined> {
  if (!checks || !plan.checks) return undefined;
  const { definition } = plan;
  const { id } = plan.checks;
  const counts = new Map(
    (await executor.read(checks.counts)).map((row) => [textOf(row, 'what'), numberOf(row, 'n')]),
  );
  const [without = 0, several = 0, unknown = 0] = ['without', 'several', 'unknown'].map((what) =>
    counts.get(what),
  );
  const at = { definition: definition.key, ...spanOf(spans, ownerOf(definition)) };
  if (without + several > 0) {
    const samples = await executor.read(checks.samples);
    const parts = [
      ...(without > 0 ? [`${rowsOf(without)} no ${id}${listed(samples, 'without', without)}`] : []),
      ...(several > 0 ? [`${idsOf(several, id)} in several rows${listed(samples, 'several', several)}`] : []),
    ];
    return {
      code: 'definition-failed',
      severity: 'error',
      message: `${definition.key}: ${parts.join('; ')}`,
      hint: `a query gives one row an id: group by ${id}, and leave out rows without one`,
      ...at,
    };
  }
  if (unknown === 0) return undefined;
  return {
    code: 'unknown-ids',
    severity: 'warning',
    message: `${definition.key}: ${rowsOf(unknown)} an id that is no profile's, and ${unknown === 1 ? 'is' : 'are'} left out`,
    ...at,
  };
}

const rowsOf = (n: number): string => (n === 1 ? '1 row has' : `${n} rows have`);
const idsOf = (n: number, id: string): string => (n === 1 ? `1 ${id} stands` : `${n} values of ${id} stand`);

function listed(rows: readonly Row[], what: string, count: number): string {
  const of = rows.filter((row) => row['what'] === what);
  const shown = of.map((row) => {
    const times = nullableText(row, 'n');
    const sample = nullableText(row, 'sample') ?? 'null';
    return times === null ? sample : `${JSON.stringify(sample)} ${times} times`;
  });
  // Engines have them in an order of their own.
  return ` (${[...shown.sort(), ...(count > of.length ? ['…'] : [])].join(', ')})`;
}
