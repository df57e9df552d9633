/** Results of tests, for people and for `--json`. */
import { diagnosticJson, formatDiagnostic, formatPlace } from '../../compiler/diagnostics/print.js';
import type { TestFailure, TestResult } from '../../runtime/testing/api.js';
import { duration, instant, plural, shown, type Paint } from '../output.js';

/** Names in a list, before the rest is only counted. */
const SHOWN = 20;

/** ✔ or ✖, the name and the time; below it what did not hold. */
export function resultLines(paint: Paint, result: TestResult): readonly string[] {
  const mark = result.status === 'passed' ? paint.green('✔') : paint.red('✖');
  const head = `${mark} ${shown(result.name, 100) ?? ''}  ${paint.dim(duration(result.duration_ms))}`;
  const failures = result.failures.flatMap((failure) => failureLines(paint, failure));
  const problems = result.diagnostics.flatMap((diagnostic) =>
    formatDiagnostic(diagnostic, { color: paint.isColorSupported }).split('\n'),
  );
  const lines = [...failures, ...problems].map((line) => `  ${line}`);
  return [head, ...lines];
}

/** Where the expectation stands, what it is about, and the difference, a line each. */
export function failureLines(paint: Paint, failure: TestFailure): readonly string[] {
  const place = failure.span === undefined ? '' : `${paint.bold(formatPlace(failure.span))} `;
  const at = paint.dim(`step ${failure.step}, as of ${instant(failure.as_of) ?? ''}`);
  return [`${place}${failure.key}  ${at}`, ...differenceLines(paint, failure).map((line) => `  ${line}`)];
}

function differenceLines(paint: Paint, { missing, unexpected, values }: TestFailure): readonly string[] {
  const width = Math.max(0, ...values.map(({ profile }) => (shown(profile) ?? '').length));
  const all = [
    ...missing.map((profile) => paint.red(`- missing     ${shown(profile)}`)),
    ...unexpected.map((profile) => paint.green(`+ unexpected  ${shown(profile)}`)),
    ...values.map(({ profile, expected, got }) => {
      const name = (shown(profile) ?? '').padEnd(width);
      return `${name}  ${paint.red(`expected ${valueText(expected)}`)}, ${paint.green(`got ${valueText(got)}`)}`;
    }),
  ];
  if (all.length <= SHOWN) return all;
  return [...all.slice(0, SHOWN), paint.dim(`… and ${plural(all.length - SHOWN, 'more difference')}`)];
}

const valueText = (json: string | null): string => (json === null ? 'no value' : (shown(json, 80) ?? ''));

/** `✖ 1 failed, 5 passed (1.2 s)`; says so when a selection has no test. */
export function summary(paint: Paint, results: readonly TestResult[], all: number): string {
  if (results.length === 0)
    return paint.yellow(`no test is about what is selected, of ${plural(all, 'test')}`);
  const { passed, failed, errors } = counts(results);
  const time = duration(results.reduce((sum, result) => sum + result.duration_ms, 0));
  const parts = [
    ...(errors > 0 ? [`${errors} could not be run`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(passed > 0 ? [`${passed} passed`] : []),
  ];
  const mark = errors + failed > 0 ? paint.red('✖') : paint.green('✔');
  return `\n${mark} ${plural(results.length, 'test')}: ${parts.join(', ')} ${paint.dim(`(${time})`)}`;
}

/** The document of `--json`. */
export function testJson(results: readonly TestResult[]): unknown {
  const { passed, failed, errors } = counts(results);
  return {
    passed,
    failed,
    errors,
    tests: results.map(({ span, failures, diagnostics, ...result }) => ({
      ...result,
      ...(span && { line: span.start.line, column: span.start.column }),
      failures: failures.map(({ span: place, values, ...failure }) => ({
        ...failure,
        ...(place && { line: place.start.line, column: place.start.column }),
        values: values.map(({ profile, expected, got }) => ({
          profile,
          expected: parsed(expected),
          got: parsed(got),
        })),
      })),
      diagnostics: diagnostics.map(diagnosticJson),
    })),
  };
}

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

export function counts(results: readonly TestResult[]): {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
} {
  const of = (status: TestResult['status']): number => results.filter((r) => r.status === status).length;
  return { passed: of('passed'), failed: of('failed'), errors: of('error') };
}
