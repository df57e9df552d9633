import { describe, expect, test } from 'vitest';

import { diagnosticJson, formatDiagnostic } from '../../compiler/diagnostics/print.js';
import { parseQuery } from '../../models/index.js';
import { BAD, type BadFile } from './corpus.js';
import { audience, load, printed, readDefinition, readDestination } from './support.js';

async function messages(file: BadFile): Promise<string> {
  if (file.kind === 'destination') return printed(readDestination(file.text));
  if (file.kind !== 'rollcall') return printed(readDefinition(file.text));
  return (await load({ 'rollcall.json': file.text, 'models/a.json': audience('{ "audience": "a" }') }))
    .printed;
}

/** Read by eye: each mistake is told once, where it is, with what to do. */
test('what is said of every bad file', async () => {
  const parts: string[] = [];
  for (const [name, file] of Object.entries(BAD)) parts.push(`## ${name}\n${await messages(file)}`);
  await expect(parts.join('\n')).toMatchFileSnapshot('messages.golden.txt');
});

/** Query text, each with a slip or several. */
const QUERIES: readonly string[] = [
  '',
  "event('x').cuont() >= 1 AND trat('y') = 3 AND trait('b').contain('x')",
  "event('x') >= 1",
  "event('x').contains('y')",
  "trait('x')",
  "event('x').count() >= 1 AN trait('y').exists()",
  "event('x').count() >= 1 trait('y').exists()",
  "event('x').within(30 dayz).within(0 days).count() = 1",
  "event('x').within(1.5 days).count() = 1",
  "event('x').within('30 days').count() = 1",
  "event('x').within(30).count() = 1",
  "event('x').within(1 year).since('2025-01-01').count() = 1",
  "event('x').between(90 days, 30 days).count() = 1",
  "event('x').since('2025-02-30').count() = 1",
  "event('x').since('2025-02-01').until('2025-01-01').count() = 1",
  "event('x').within(parent: 3 days).settled().count() > 1",
  "event('x').settled().settled().count() > 1",
  "event('x').count() > 007",
  "property('x') = 1",
  "event('x').where(property('a') = 1",
  "event('x').where(property('a') = 1).count()) = 1",
  'event(x).count() = 1',
  "event('').count() = 1",
  "event('x').sum('revenue') > 3",
  "event('x').sum(property(parent: 'revenue')) > 3",
  "event('x').min(property('revenue') as text) > 3",
  "event('x').mode(property('revenue'), 0) > 3",
  "event('x').count(property('revenue')) > 3",
  "event('x').unique(property('revenue')).sum() > 3",
  "event('x').sources({include: ['a']}).count() > 3",
  "event('x').by('user_id').count() > 3",
  "entity('x').within(3 days).count() > 3",
  "trait('a') => 3",
  "trait('a') <> 3",
  "trait('a') === 3",
  "trait('a') =",
  "trait('a') = pro",
  "trait('a') = True",
  "trait('a') != null",
  "trait('a').one_of('b', c)",
  "OR trait('a').exists()",
  "trait('a').exists() AND OR trait('b').exists()",
  "trait('a') = 'b",
  "trait('a') = 1)",
  "event('x').periods(1 week, 0) >= 1",
  "event('x').periods() >= 1",
  "top(0, trait('x'))",
  "top(101 percent, trait('x'))",
  'bottom(5, 3)',
  "top(trait('x'))",
  "split('s', 50, 50)",
  "split('s', 0.1234567, 50)",
  'split(s, 0, 50)',
  "event('x').where(split('s', 0, 50)).count() > 1",
  "event('x').where(top(1, trait('x'))).count() > 1",
  "spit('s', 0, 50)",
  "trait('a') && 1",
  "trait('a').not_contains('x')",
  "trait('a').contains(3)",
  "trait('a').starts_with('x', 'y')",
  "trait('a').one_of()",
  "trait('a').before_date('soon')",
  'trait(“a”) = 1',
  "audience('a') = true",
  "trait('a') >= true",
  "trait('a').less_than(false)",
  "true < trait('a')",
  '1 = 2',
  "'a'.contains('b')",
  'ANY',
  "plan = 'pro'",
];

test('what is said of bad query text', async () => {
  const parts = QUERIES.map((text) => {
    const { tree, diagnostics } = parseQuery(text, 'condition');
    expect(tree).toBeUndefined();
    expect(diagnostics).not.toEqual([]);
    return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n');
  });
  await expect(`${parts.join('\n\n')}\n`).toMatchFileSnapshot('queries.golden.txt');
});

describe('printing', () => {
  const [diagnostic] = readDefinition(audience('{ "trait": "a", "equal": 1 }')).diagnostics;
  if (diagnostic === undefined) throw new Error('there is a problem');

  test('for tools', () => {
    expect(diagnosticJson(diagnostic)).toEqual({
      code: 'unknown-key',
      severity: 'error',
      message: 'unknown key "equal"',
      hint: 'did you mean "equals"?',
      definition: 'a',
      file: 'models/a.json',
      line: 2,
      column: 33,
      end_line: 2,
      end_column: 40,
    });
    expect(diagnosticJson({ code: 'locked', severity: 'error', message: 'x' })).toEqual({
      code: 'locked',
      severity: 'error',
      message: 'x',
    });
  });

  test('in colour, and never a control character of the file', () => {
    expect(formatDiagnostic(diagnostic, { color: true })).toContain('\u001b[31m');
    const hostile = readDefinition(
      '{ "kind": "audience", "key": "a", "\u001b[2J\u0007": 1,\t"x\\ny": 2 }',
      'a\nb.json',
    );
    const text = printed(hostile);
    expect(text).not.toMatch(/[^\P{Cc}\t\n]/u);
    expect(text).toContain('a\\nb.json:1:');
  });

  test('a long line is cut around its place', () => {
    const long = readDefinition(
      audience(`{ "all": [${'{ "audience": "b" }, '.repeat(2_000)}{ "audiense": "b" }] }`),
    );
    for (const line of printed(long).split('\n')) expect(line.length).toBeLessThan(120);
    const [, , shown = '', caret = ''] = printed(long).split('\n');
    expect(shown.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('"audiense"');
  });

  test('a tab stays a tab, so that the caret stands right', () => {
    const [, , , caret] = printed(
      readDefinition('{\n\t"kind": "audience", "key": "a",\t"definition": { "audience": 1 } }'),
    ).split('\n');
    expect(caret).toMatch(/^ {2}\t {31}\t {28}\^$/);
  });
});
