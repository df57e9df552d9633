/** Results of tests as JUnit XML, which every CI reads: a suite a file, a case a test. */
import { createColors } from 'picocolors';

import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import type { TestResult } from '../../runtime/testing/api.js';
import { counts, failureLines } from './print.js';

const PLAIN = createColors(false);

export function junitXml(results: readonly TestResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.flatMap((file) => {
    const own = results.filter((result) => result.file === file);
    return [
      `  <testsuite${attributes({ name: file, ...totals(own) })}>`,
      ...own.flatMap(testCase),
      '  </testsuite>',
    ];
  });
  const root = `<testsuites${attributes({ name: 'rollcall', ...totals(results) })}>`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', root, ...suites, '</testsuites>', ''].join('\n');
}

function testCase(result: TestResult): readonly string[] {
  const { name, file, span, duration_ms } = result;
  const line = span === undefined ? {} : { line: span.start.line };
  const head = `    <testcase${attributes({ name, classname: file, file, ...line, time: seconds(duration_ms) })}`;
  if (result.status === 'passed') return [`${head}/>`];
  const [tag, text] =
    result.status === 'failed'
      ? ['failure', result.failures.flatMap((failure) => failureLines(PLAIN, failure)).join('\n')]
      : ['error', result.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')];
  const message = text.split('\n', 1)[0] ?? '';
  return [`${head}>`, `      <${tag}${attributes({ message })}>${escaped(text)}</${tag}>`, '    </testcase>'];
}

function totals(results: readonly TestResult[]) {
  const { failed, errors } = counts(results);
  const time = results.reduce((sum, result) => sum + result.duration_ms, 0);
  return { tests: results.length, failures: failed, errors, time: seconds(time) };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`,
    )
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0, where most control characters and lone surrogates may not stand at all. */
export function escaped(text: string): string {
  return text
    .replace(/(?![\t\n\u007f-\u009f])\p{Cc}|[\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);
}
