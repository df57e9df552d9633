/** Templates to parts: what is text, what is a hole, and that nothing else can come out. */
import { describe, expect, it } from 'vitest';

import { expandTemplate, type MacroTemplate, type Part } from '../../macros/index.js';

const macros = (files: Readonly<Record<string, string>>): MacroTemplate[] =>
  Object.entries(files).map(([name, text]) => ({ name, text }));

function expand(
  text: string,
  over: { readonly macros?: Readonly<Record<string, string>>; readonly vars?: Record<string, unknown> } = {},
) {
  return expandTemplate({ text }, { macros: macros(over.macros ?? {}), vars: over.vars ?? {} });
}

/** Parts as a line: text as it is, holes in angle brackets. */
function line(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      switch (part.kind) {
        case 'text':
          return part.text;
        case 'literal':
          return `<${JSON.stringify(part.value)}>`;
        case 'ref':
          return `<ref ${part.key}>`;
        case 'source':
        case 'name':
          return `<${part.kind} ${part.name}>`;
        case 'as_of':
          return '<as_of>';
        case 'ago':
          return `<ago ${part.micros}>`;
        case 'json':
          return `<json ${part.as} ${part.column} ${part.path}>`;
      }
    })
    .join('');
}

const good = (text: string, over: Parameters<typeof expand>[1] = {}): string => {
  const { parts, problems } = expand(text, over);
  expect(problems).toEqual([]);
  return line(parts);
};

/** `macro line:column message | hint` of each problem. */
const bad = (text: string, over: Parameters<typeof expand>[1] = {}): string[] =>
  expand(text, over).problems.map(({ message, hint, at }) => {
    const before = at.template.text.slice(0, at.start).split('\n');
    const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    return [`${at.macro ?? 'query'} ${place} ${message}`, ...(hint === undefined ? [] : [hint])].join(' | ');
  });

describe('helpers', () => {
  it.each([
    ['{{ref "vip"}}', '<ref vip>'],
    ['{{source "web.orders"}}', '<source web.orders>'],
    ['{{as_of}}', '<as_of>'],
    ['{{days_ago 30}}', '<ago 2592000000000>'],
    ['{{days_ago 0.5}}', '<ago 43200000000>'],
    ['{{hours_ago 1}}', '<ago 3600000000>'],
    ['{{identifier "o.Total Spend"}}', '<name o.Total Spend>'],
    ['{{json_text "payload" "a.b"}}', '<json text payload a.b>'],
    ['{{json_number "payload" "a"}}', '<json number payload a>'],
    ['{{"it\'s"}} {{5}} {{true}}', '<"it\'s"> <5> <true>'],
    ['a {{! a comment }}b', 'a b'],
    ['\\{{ref "x"}}', '{{ref "x"}}'],
    ['a & < > " \' b', 'a & < > " \' b'],
  ])('%s', (text, parts) => {
    expect(good(text)).toBe(parts);
  });

  it('values are literals, a list with commas between them, none of it text', () => {
    const vars = {
      day: 30,
      plan: "o'neill; drop table x --",
      many: ['a', "b'"],
      none: [],
      flag: false,
      no: null,
    };
    expect(good('{{var "day"}} {{var "plan"}} {{var "flag"}} {{var "no"}}', { vars })).toBe(
      `<30> <"o'neill; drop table x --"> <false> <null>`,
    );
    expect(good('x in ({{var "many"}}) or x in ({{var "none"}})', { vars })).toBe(
      `x in (<"a">, <"b'">) or x in (<null>)`,
    );
    expect(good('{{days_ago (var "day")}} {{var "other" 7}}', { vars })).toBe('<ago 2592000000000> <7>');
  });

  it('blocks choose and repeat', () => {
    const vars = { on: true, list: [1, 2], who: { name: 'ann' } };
    expect(good('{{#if (var "on")}}a{{else}}b{{/if}}', { vars })).toBe('a');
    expect(good('{{#unless (not (eq (var "on") true))}}a{{/unless}}', { vars })).toBe('a');
    expect(
      good('{{#each (var "list")}}{{#unless @first}} or {{/unless}}x = {{this}}{{/each}}', { vars }),
    ).toBe('x = <1> or x = <2>');
    expect(good('{{#with (var "who")}}{{name}} {{this.name}}{{/with}}', { vars })).toBe('<"ann"> <"ann">');
  });
});

describe('macros of the user', () => {
  const own = {
    recent: '{{identifier column}} >= {{days_ago (arg "days" 30)}}',
    any_of: '{{identifier (arg 0)}} in ({{arg 1}})',
    both: '({{recent column=column}} and {{any_of "plan" plans}})',
  };

  it('are called by their name, with arguments by name and by place', () => {
    expect(good('where {{recent column="o.at" days=7}}', { macros: own })).toBe(
      'where <name o.at> >= <ago 604800000000>',
    );
    expect(good('{{recent column="at"}}', { macros: own })).toBe('<name at> >= <ago 2592000000000>');
    expect(good('{{any_of "plan" (var "p")}}', { macros: own, vars: { p: ['a', 'b'] } })).toBe(
      '<name plan> in (<"a">, <"b">)',
    );
  });

  it('call each other, and pass on what they came to', () => {
    const vars = { plans: ['a'] };
    const macros = { ...own, not_it: 'not {{arg 0}}' };
    expect(good('{{not_it (both column="at" plans=(var "plans"))}}', { macros, vars })).toBe(
      'not (<name at> >= <ago 2592000000000> and <name plan> in (<"a">))',
    );
  });

  it('quote what they are given, whatever it is', () => {
    expect(good('{{m x="\\\'; drop table t; --"}}', { macros: { m: '{{x}}' } })).toBe(
      '<"\\\\\'; drop table t; --">',
    );
    expect(good('{{m}}', { macros: { m: '{{ref "a"}}\n' } })).toBe('<ref a>\n');
  });
});

describe('mistakes', () => {
  it.each<[string, Parameters<typeof expand>[1], string[]]>([
    ['select\n  {{reff "a"}}', {}, ['query 2:5 there is no macro "reff" | did you mean "ref"?']],
    [
      '{{wibble}}',
      {},
      [
        'query 1:1 there is no macro "wibble" | there are arg, as_of, days_ago, eq, hours_ago, identifier, json_number, json_text, not, ref, source, var',
      ],
    ],
    [
      '{{{as_of}}} {{&as_of}}',
      {},
      [
        'query 1:1 values are never put into a query as they are | write {{…}}, which quotes a value; a name goes through {{identifier …}}',
        'query 1:13 values are never put into a query as they are | write {{…}}, which quotes a value; a name goes through {{identifier …}}',
      ],
    ],
    [
      '{{var "x"}}',
      { vars: { y: 1 } },
      ['query 1:1 var: there is no variable "x" | there are y, under "vars" in rollcall.json'],
    ],
    [
      '{{days_ago "x"}}',
      {},
      ['query 1:1 days_ago: how many is expected, not a text | such as {{days_ago 30}}'],
    ],
    ['{{ref}}', {}, ['query 1:3 ref: the key of a trait or an audience is expected']],
    ['{{ref "a" b=1}}', {}, ['query 1:1 ref: b=… is not expected']],
    [
      '{{var "x"}}',
      { vars: { x: { a: 1 } } },
      ['query 1:1 an object is no value of SQL | name one of its fields, or go through it with {{#each}}'],
    ],
    [
      'a\n{{m}}',
      { macros: { m: '\n\n  {{days}}' } },
      ['m 3:3 the macro was called without "days" | call it with days=…, or write {{arg "days" default}}'],
    ],
    [
      '{{a}}',
      { macros: { a: '{{b}}', b: '\n{{a}}' } },
      ['b 2:3 macros call each other in a circle: a → b → a'],
    ],
    [
      'x {{#if}',
      {},
      [
        'query 1:1 the template cannot be read: something is missing or too much between {{ and }} | a literal {{ is written \\{{',
      ],
    ],
    [
      '{{#if true}}\n{{/each}}',
      {},
      ["query 1:4 the template cannot be read: if doesn't match each | a literal {{ is written \\{{"],
    ],
    [
      '{{> m}}',
      { macros: { m: 'x' } },
      [
        'query 1:1 only macros, values and the blocks if, unless, each and with stand in a query | call a macro by its name: {{name "argument" option="value"}}',
      ],
    ],
    [
      '{{#m}}x{{/m}}',
      { macros: { m: 'x' } },
      ['query 1:4 "m" is no block | the blocks are if, unless, each and with'],
    ],
    ['a\u0000b', {}, ['query 1:2 a NUL character is no SQL']],
  ])('%j', (text, over, problems) => {
    expect(bad(text, over)).toEqual(problems);
  });

  it('hostile templates reach nothing of the process', () => {
    for (const text of [
      '{{constructor}}',
      '{{__proto__}}',
      '{{this.constructor.constructor}}',
      '{{lookup this "constructor"}}',
      '{{#with "s" as |s|}}{{s.constructor}}{{/with}}',
      '{{#with (var "o")}}{{constructor}}{{__proto__}}{{/with}}',
      '{{#each (var "o.constructor")}}{{this}}{{/each}}',
      '{{log "x"}}',
      '{{helperMissing}}',
      '{{#*inline "x"}}{{/inline}}',
      '{{@root}}',
      '{{*text 0}}',
      '{{[*text] 0}}',
    ]) {
      const { parts, problems } = expand(text, { vars: { o: { a: 1 } } });
      expect({ text, parts, problems: problems.length }).toEqual({ text, parts: [], problems: 1 });
    }
  });

  it('a query that grows without end is stopped', () => {
    const vars = { many: Array.from({ length: 1000 }, (_, i) => i) };
    const text = '{{#each (var "many")}}{{#each (var "many")}}x{{/each}}{{/each}}';
    expect(bad(text, { vars })).toEqual([
      'query 1:45 the query becomes too long | is there an {{#each}} too many?',
    ]);
  });
});
