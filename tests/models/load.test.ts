import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { loadProject, parseQuery, printQuery } from '../../models/index.js';
import { audience, load, member, printed, readDefinition, ROLLCALL } from './support.js';

const crm = '{ "kind": "destination", "key": "crm", "type": "file", "settings": { "path": "out.jsonl" } }';

describe('a project', () => {
  test('is read whole, with every default', async () => {
    const { project, diagnostics } = await load({
      'rollcall.json': ROLLCALL,
      'models/deep/er/b.json': member('b', '"destinations": ["crm"], '),
      'models/a.json': '{ "kind": "trait", "key": "a", "definition": { "event": "A", "count": {} } }',
      'models/notes.md': '# not ours',
      'models/.hidden.json': '{',
      'destinations/crm.json': crm,
      'destinations/old/x.json': '{',
    });
    expect(diagnostics).toEqual([]);
    expect(project).toEqual({
      dir: '/p',
      config: {
        name: 'shop',
        target: 'dev',
        targets: { dev: { type: 'duckdb', path: 'shop.duckdb', schema: 'rollcall' } },
        sources: [
          {
            name: 'web',
            layout: 'segment',
            schema: 'web',
            columns: {},
            overlap: { amount: 3, unit: 'day' },
            traits: [],
          },
        ],
        vars: {},
      },
      definitions: [
        {
          kind: 'trait',
          key: 'a',
          name: 'a',
          of: 'users',
          tags: [],
          enabled: true,
          includeAnonymous: false,
          history: { mode: 'all' },
          destinations: [],
          file: 'models/a.json',
          value: { kind: 'reduced', stream: { kind: 'event', event: 'A' }, reducer: { fn: 'count' } },
        },
        {
          kind: 'audience',
          key: 'b',
          name: 'b',
          of: 'users',
          tags: [],
          enabled: true,
          includeAnonymous: false,
          history: { mode: 'all' },
          destinations: [{ to: 'crm' }],
          file: 'models/deep/er/b.json',
          condition: {
            kind: 'test',
            left: { kind: 'trait', path: 'plan' },
            compare: { op: 'equals', right: { kind: 'literal', literal: { type: 'string', value: 'pro' } } },
          },
        },
      ],
      destinations: [
        {
          key: 'crm',
          name: 'crm',
          type: 'file',
          enabled: true,
          settings: { path: 'out.jsonl' },
          events: {
            audience_entered: 'Audience Entered',
            audience_exited: 'Audience Exited',
            trait_computed: 'Trait Computed',
            entity_entered: 'Entity Entered',
            entity_exited: 'Entity Exited',
          },
          identifiers: 'all',
          file: 'destinations/crm.json',
        },
      ],
    });
  });

  test('history', async () => {
    const { project } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': member('a', '"history": false, '),
      'models/b.json': member('b', '"history": "90 days", '),
    });
    expect(project?.definitions.map(({ history }) => history)).toEqual([
      { mode: 'from_first_run' },
      { mode: 'from_first_run', before: { amount: 90, unit: 'day' } },
    ]);
  });

  test('numbers keep their digits', async () => {
    const { project } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': audience('{ "trait": "a", "equals": 12345678901234567890123456789.123456780 }'),
    });
    expect(JSON.stringify(project?.definitions)).toContain('"12345678901234567890123456789.123456780"');
  });

  test('nodes know their places, in JSON and in query text', async () => {
    const { project, spans } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': audience('{ "trait": "plan", "exists": true }'),
      'models/b.json': audience(
        `{ "query": "event('\\u00e9').count() > 1 AND trait('plan').exists()" }`,
      ).replace('"a"', '"b"'),
    });
    const [a, b] = project?.definitions ?? [];
    if (a?.kind !== 'audience' || a.condition.kind !== 'test') throw new Error('not a test');
    expect(spans.of(a.condition.left)).toMatchObject({
      file: 'models/a.json',
      start: { line: 2, column: 28 },
      end: { line: 2, column: 34 },
      lineText: '  "definition": { "trait": "plan", "exists": true }',
    });
    expect(spans.of(a)?.start).toEqual({ line: 1, column: 30 });
    if (b?.kind !== 'audience' || b.condition.kind !== 'all') throw new Error('not a chain');
    const [, plan] = b.condition.of;
    if (plan?.kind !== 'test') throw new Error('not a test');
    const { start, lineText } = spans.of(plan.left) ?? {};
    expect(lineText?.slice((start?.column ?? 0) - 1)).toMatch(/^'plan'/);
    expect(spans.of({})).toBeUndefined();
  });
});

describe('problems of a project', () => {
  test('no project, and an empty one', async () => {
    expect((await load({ 'models/a.json': member('a') })).printed).toMatchInlineSnapshot(`
      "
      no-project there is no rollcall.json in "/p"
        hint: start a project with "rollcall init", or name its folder with --project
      "
    `);
    expect((await load({ 'rollcall.json': ROLLCALL })).printed).toMatchInlineSnapshot(`
      "
      empty-project the project holds no definitions
        hint: add an audience or a trait to the folder models/
      "
    `);
  });

  test('every problem of every file, in order', async () => {
    const {
      printed: text,
      project,
      brokenKeys,
    } = await load({
      'rollcall.json': ROLLCALL,
      'models/z.json': '{ "kind": "audience", "key": "z", "definition": { "trait": "a" }, }',
      'models/b/c.json': '[]',
      'models/b.json': '{ "kind": "audiense", "key": "b", "definition": { "evnt": "a" } }',
      'models/a.json': '{ "kind": "journey", "key": "j" }',
      'models/d.json': '{ "key": "d" }',
      'models/e.json': '{ "kind": "audience" "key": "e", "definition": { "audience": "z", \'x\': 1 } }',
      'models/f.json': '',
      'models/g.json': '{ "kind": "audience", "key": "g", "key": "h", "definition": { "audience": "z" } }',
      'models/h.json': new Uint8Array([0x7b, 0xff]),
      'models/i.json': Object.assign(new Error('no'), { code: 'EACCES' }),
      'destinations/d.json':
        '{ "kind": "destination", "key": "d", "type": "file", "settings": { "file": "x" } }',
    });
    expect(text).toMatchInlineSnapshot(`
      "
      destinations/d.json:1:66 destination-settings "path" is missing
        { "kind": "destination", "key": "d", "type": "file", "settings": { "file": "x" } }
                                                                         ^
      destinations/d.json:1:68 destination-settings unknown key "file"
        { "kind": "destination", "key": "d", "type": "file", "settings": { "file": "x" } }
                                                                           ^^^^^^
        hint: allowed here: "path" or "format"
      models/a.json:1:1 missing-key "definition" is missing
        { "kind": "journey", "key": "j" }
        ^
      models/b.json:1:11 invalid-value "audiense" is not a kind of definition
        { "kind": "audiense", "key": "b", "definition": { "evnt": "a" } }
                  ^^^^^^^^^^
        hint: did you mean "audience"?
      models/b.json:1:51 unknown-key unknown key "evnt"
        { "kind": "audiense", "key": "b", "definition": { "evnt": "a" } }
                                                          ^^^^^^
        hint: did you mean "event"?
      models/b/c.json:1:1 wrong-type the file must hold one JSON object
        []
        ^
      models/d.json:1:1 missing-key "kind" is missing
        { "key": "d" }
        ^
        hint: a definition is "audience", "trait" or "journey"
      models/e.json:1:21 invalid-json "," is expected
        { "kind": "audience" "key": "e", "definition": { "audience": "z", 'x': 1 } }
                            ^
      models/e.json:1:67 invalid-json not a JSON value
        { "kind": "audience" "key": "e", "definition": { "audience": "z", 'x': 1 } }
                                                                          ^^^
        hint: JSON quotes strings with "
      models/f.json:1:1 invalid-json the file is empty

        ^
      models/g.json:1:35 duplicate-property "key" is given twice in one object
        { "kind": "audience", "key": "g", "key": "h", "definition": { "audience": "z" } }
                                          ^^^^^
        hint: keep one of them
      models/h.json:1:1 unreadable-file the file cannot be read: it is not UTF-8 text
      models/i.json:1:1 unreadable-file the file cannot be read: permission denied
      models/z.json:1:49 missing-key a comparison is missing
        { "kind": "audience", "key": "z", "definition": { "trait": "a" }, }
                                                        ^
        hint: add one, such as "at_least": 1
      models/z.json:1:65 invalid-json a comma after the last element
        { "kind": "audience", "key": "z", "definition": { "trait": "a" }, }
                                                                        ^
        hint: remove it
      "
    `);
    expect(project?.definitions).toEqual([]);
    expect([...brokenKeys].sort()).toEqual(['b', 'd', 'e', 'h', 'j', 'z']);
  });

  test('keys used twice, both places named', async () => {
    const { printed: text } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': member('a'),
      'models/b.json': '{ "kind": "trait", "key": "a", "definition": { "event": "A", "count": {} } }',
      'destinations/a.json': crm,
      'destinations/b.json': crm,
    });
    expect(text).toMatchInlineSnapshot(`
      "
      destinations/b.json:1:33 duplicate-key the destination key "crm" is already used in destinations/a.json:1:33
        { "kind": "destination", "key": "crm", "type": "file", "settings": { "path": "out.jsonl" } }
                                        ^^^^^
        hint: a key is the identity of one thing: choose another
      models/b.json:1:27 duplicate-key the definition key "a" is already used in models/a.json:1:30
        { "kind": "trait", "key": "a", "definition": { "event": "A", "count": {} } }
                                  ^^^
        hint: a key is the identity of one thing: choose another
      "
    `);
  });

  test('more conditions than Segment takes are a warning', async () => {
    const many = Array.from({ length: 51 }, (_, i) => `{ "trait": "t${i}", "exists": true }`);
    const { diagnostics, project } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': audience(`{ "all": [${many.join(', ')}] }`),
      'models/b.json': audience(`{ "all": [${many.slice(1).join(', ')}] }`).replace('"a"', '"b"'),
    });
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({
      code: 'too-many-conditions',
      severity: 'warning',
      definition: 'a',
    });
    expect(project?.definitions).toHaveLength(2);
  });

  test('the deepest JSON has query text, and the text is read back', () => {
    for (const [open, close] of [
      ['{ "not": ', ' }'],
      ['{ "users": "any", "match": ', ' }'],
      ['{ "all": [{ "audience": "b" }, ', '] }'],
    ] as const) {
      const depth = open.includes('[') ? 98 : 197;
      const deep = readDefinition(audience(open.repeat(depth) + '{ "audience": "b" }' + close.repeat(depth)));
      if (deep.value?.kind !== 'audience') throw new Error(printed(deep));
      const { condition } = deep.value;
      expect(parseQuery(printQuery(condition), 'condition').tree).toEqual(condition);
      expect(parseQuery(printQuery(condition, { width: 80 }), 'condition').tree).toEqual(condition);
    }
  });

  test('nesting without end', async () => {
    const { diagnostics } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': audience(`${'{"not":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
      'models/b.json': audience(`{ "query": "${'('.repeat(50_000)}" }`),
      'models/c.json': audience(`{ "query": "${'NOT '.repeat(50_000)}" }`),
    });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'invalid-json more than 200 levels of nesting',
      'invalid-query more than 500 levels of nesting',
      'invalid-query more than 500 levels of nesting',
    ]);
  });
});

describe('files on disk', () => {
  test('any name, a byte-order mark, links that lead nowhere and in circles', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall "project" é '));
    try {
      await mkdir(join(dir, 'models', "it's\nhere"), { recursive: true });
      await writeFile(join(dir, 'rollcall.json'), ROLLCALL);
      await writeFile(join(dir, 'models', "it's\nhere", '日本 "x".json'), `\uFEFF${member('a')}`);
      await writeFile(join(dir, 'models', "it's\nhere", 'b.json'), '{ "kind": "audience" }');
      await symlink('..', join(dir, 'models', "it's\nhere", 'loop'));
      await symlink('nowhere', join(dir, 'models', 'gone.json'));
      const result = await loadProject({ dir, env: {} });
      expect(result.project?.definitions.map(({ file }) => file)).toEqual([
        'models/it\'s\nhere/日本 "x".json',
      ]);
      expect(printed(result)).toMatchInlineSnapshot(`
        "
        models/gone.json:1:1 unreadable-file the file cannot be read: it does not exist
        models/it's\\nhere/b.json:1:1 missing-key "key" is missing
          { "kind": "audience" }
          ^
        models/it's\\nhere/b.json:1:1 missing-key "definition" is missing
          { "kind": "audience" }
          ^
        "
      `);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('thousands of files take seconds', async () => {
    const files: Record<string, string> = { 'rollcall.json': ROLLCALL };
    const body = JSON.stringify({
      event: 'A',
      within: '30 days',
      where: { property: 'x', one_of: ['a', 'b'] },
    });
    for (let i = 0; i < 5_000; i += 1)
      files[`models/${i % 50}/${i}.json`] = audience(body).replace('"a"', `"k${i}"`);
    const start = performance.now();
    const { project, diagnostics } = await load(files);
    expect(diagnostics).toEqual([]);
    expect(project?.definitions).toHaveLength(5_000);
    expect(performance.now() - start).toBeLessThan(15_000); // about one second on an idle machine
  });
});
