import { describe, expect, test } from 'vitest';

import { load, member, ROLLCALL } from './support.js';

describe('rollcall.json', () => {
  const config = (more: object) => JSON.stringify({ ...(JSON.parse(ROLLCALL) as object), ...more }, null, 2);
  const files = (text: string) => ({ 'rollcall.json': text, 'models/a.json': member('a') });
  const targets = {
    dev: { type: 'duckdb', path: '${env:DIR}/w.duckdb' },
    prod: { type: 'bigquery', project: '${env:GCP_PROJECT}', dataset: 'rc' },
  };

  test('variables are replaced in the chosen target only', async () => {
    const { project, printed: text } = await load(files(config({ targets })), { env: { DIR: 'a"b' } });
    expect(text).toBe('\n\n');
    expect(project?.config.targets).toEqual({
      dev: { type: 'duckdb', path: 'a"b/w.duckdb', schema: 'rollcall' },
      prod: { type: 'bigquery', project: '${env:GCP_PROJECT}', dataset: 'rc', schema: 'rc' },
    });
    const prod = await load(files(config({ targets })), { target: 'prod' });
    expect(prod.printed).toMatchInlineSnapshot(`
      "
      rollcall.json:11:18 missing-variable the environment variable "GCP_PROJECT" is not set
              "project": "\${env:GCP_PROJECT}",
                         ^^^^^^^^^^^^^^^^^^^^
      "
    `);
    expect(prod.project).toBeUndefined();
  });

  test('a target that does not exist', async () => {
    expect((await load(files(config({ target: 'dve' })))).printed).toMatchInlineSnapshot(`
      "
      rollcall.json:3:13 unknown-target there is no target "dve"
          "target": "dve",
                    ^^^^^
        hint: did you mean "dev"?
      "
    `);
    expect((await load(files(ROLLCALL), { target: 'production' })).printed).toMatchInlineSnapshot(`
      "
      rollcall.json:1:31 unknown-target there is no target "production"
        …ame":"shop","target":"dev","targets":{"dev":{"type":"duckdb","path":"shop.duckdb"}},"sources":[{"name":"web","…
                                    ^^^^^^^^^
        hint: the targets are "dev"
      "
    `);
  });

  test('sources: names twice, and columns that look misspelt', async () => {
    const sources = [
      { name: 'w', layout: 'segment', schema: 'w', columns: { recieved_at: 'r', price: 'p' } },
      { name: 'w', layout: 'messages', table: 'm', columns: { source_id: null } },
    ];
    expect((await load(files(config({ sources })))).printed).toMatchInlineSnapshot(`
      "
      rollcall.json:16:9 warning unknown-key "recieved_at" is not a standard column
                "recieved_at": "r",
                ^^^^^^^^^^^^^
        hint: did you mean "received_at"?
      rollcall.json:21:15 duplicate-key two sources are called "w"
              "name": "w",
                      ^^^
      "
    `);
  });

  test('vars of the caller win', async () => {
    const { project } = await load(files(config({ vars: { a: 1, b: 2 } })), { vars: { b: 3 } });
    expect(project?.config.vars).toEqual({ a: 1, b: 3 });
  });

  test('a value from the environment is in no message: its variable is named', async () => {
    const env = { SECRET: 'hush' };
    const text = '${env:SECRET}';
    const hook = (settings: object) =>
      JSON.stringify({ kind: 'destination', key: 'h', type: 'webhook', settings });
    const bad: Record<string, string>[] = [
      { ...files(ROLLCALL), 'destinations/h.json': hook({ url: text }) },
      { ...files(ROLLCALL), 'destinations/h.json': hook({ url: `x${text}`, batch_size: text }) },
      {
        ...files(ROLLCALL),
        'destinations/h.json': hook({ url: 'https://x', headers: text, retries: [text] }),
      },
      files(config({ target: text })),
      files(config({ targets: { dev: { type: text } } })),
      files(config({ targets: { dev: { type: 'duckdb', path: 'x', threads: text } }, vars: text })),
      files(config({ sources: [{ name: 'a', layout: text, schema: 'w' }] })),
      files(config({ sources: [{ name: 'a', layout: 'segment', schema: 'w', overlap: text }] })),
      files(
        config({ sources: [text, ...[1, 2].map(() => ({ name: text, layout: 'segment', schema: 'w' }))] }),
      ),
      files(config({ entities: { orders: text } })),
    ];
    for (const project of bad) {
      const { diagnostics, printed: all } = await load(project, { env });
      expect(diagnostics).not.toEqual([]);
      expect(all).not.toContain('hush');
      expect(JSON.stringify(diagnostics)).not.toContain('hush');
    }
    expect((await load(bad[0]!, { env })).printed).toMatchInlineSnapshot(`
      "
      destinations/h.json:1:68 destination-settings the value of "\${env:SECRET}" is not an http or https address
        {"kind":"destination","key":"h","type":"webhook","settings":{"url":"\${env:SECRET}"}}
                                                                           ^^^^^^^^^^^^^^^
      "
    `);
    expect((await load(bad[3]!, { env })).printed).toMatchInlineSnapshot(`
      "
      rollcall.json:3:13 unknown-target there is no target "\${env:SECRET}"
          "target": "\${env:SECRET}",
                    ^^^^^^^^^^^^^^^
        hint: the targets are "dev"
      "
    `);
    expect((await load(bad[7]!, { env })).printed).toMatchInlineSnapshot(`
      "
      rollcall.json:15:18 invalid-duration the value of "\${env:SECRET}" is not a duration such as "30 days"
              "overlap": "\${env:SECRET}"
                         ^^^^^^^^^^^^^^^
      "
    `);
  });

  test('secrets of a destination come from the environment, unless it is disabled', async () => {
    const hook = (enabled: boolean) =>
      JSON.stringify({
        kind: 'destination',
        key: 'h',
        type: 'webhook',
        enabled,
        settings: { url: '${env:URL}', headers: { authorization: 'Bearer ${env:TOKEN}' } },
      });
    const all = { ...files(ROLLCALL), 'destinations/h.json': hook(true) };
    const { project } = await load(all, { env: { URL: 'https://x', TOKEN: '1' } });
    expect(project?.destinations[0]?.settings).toEqual({
      url: 'https://x',
      headers: { authorization: 'Bearer 1' },
    });
    expect((await load(all, { env: { URL: 'x' } })).diagnostics.map(({ code }) => code)).toEqual([
      'destination-settings',
      'missing-variable',
    ]);
    expect((await load({ ...all, 'destinations/h.json': hook(false) })).diagnostics).toEqual([]);
  });
});
