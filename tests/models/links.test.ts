import { describe, expect, test } from 'vitest';

import { load, member, ROLLCALL } from './support.js';

const crm = '{ "kind": "destination", "key": "crm", "type": "file", "settings": { "path": "out.jsonl" } }';

describe('links of definitions to destinations', () => {
  test('destinations that do not exist', async () => {
    const { printed: text } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': member(
        'a',
        '"destinations": ["cmr", "crm", "crm", { "to": "elsewhere" }, "broken"], ',
      ),
      'destinations/crm.json': crm,
      'destinations/broken.json': '{ "kind": "destination", "key": "broken", "type": "file" }',
    });
    expect(text).toMatchInlineSnapshot(`
      "
      destinations/broken.json:1:1 missing-key "settings" is missing
        { "kind": "destination", "key": "broken", "type": "file" }
        ^
      models/a.json:1:52 unknown-reference there is no destination "cmr"
        …ey": "a", "destinations": ["cmr", "crm", "crm", { "to": "elsewhere" }, "broken"], "definition": { "trait": "pl…
                                    ^^^^^
        hint: did you mean "crm"?
      models/a.json:1:66 invalid-value the destination "crm" is named twice
        …tinations": ["cmr", "crm", "crm", { "to": "elsewhere" }, "broken"], "definition": { "trait": "plan", "equals":…
                                    ^^^^^
      models/a.json:1:81 unknown-reference there is no destination "elsewhere"
        …: ["cmr", "crm", "crm", { "to": "elsewhere" }, "broken"], "definition": { "trait": "plan", "equals": "pro" } }
                                         ^^^^^^^^^^^
        hint: the destinations are "broken" or "crm"
      "
    `);
    const none = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': member('a', '"destinations": ["x"], '),
    });
    expect(none.printed).toContain('the project has no destinations');
  });

  test('a list takes no traits', async () => {
    const { printed: text } = await load({
      'rollcall.json': ROLLCALL,
      'models/t.json':
        '{ "kind": "trait", "key": "t", "destinations": ["crm"], "definition": { "event": "E", "count": {} } }',
      'destinations/crm.json': crm.replace(' }', ' }, "list": true'),
    });
    expect(text).toMatchInlineSnapshot(`
      "
      models/t.json:1:49 not-supported "crm" takes lists, and a trait is none
        { "kind": "trait", "key": "t", "destinations": ["crm"], "definition": { "event": "E", "count": {} } }
                                                        ^^^^^
        hint: send an audience there, or the trait to a destination without "list"
      "
    `);
  });

  test('group calls alone, of a definition of users', async () => {
    const { printed: text } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': member('a', '"destinations": ["groups"], '),
      'models/b.json': member('b', '"destinations": [{ "to": "crm", "send": ["group"] }], '),
      'models/c.json': member(
        'c',
        '"destinations": [{ "to": "groups", "send": ["group", "track"] }, "crm"], ',
      ),
      'destinations/crm.json': crm,
      'destinations/groups.json': crm.replace('"crm"', '"groups"').replace(' }', ' }, "send": ["group"]'),
    });
    expect(text).toMatchInlineSnapshot(`
      "
      models/a.json:1:52 not-supported "groups" is sent group calls only, and a definition of users makes none
        …ind": "audience", "key": "a", "destinations": ["groups"], "definition": { "trait": "plan", "equals": "pro" } }
                                                        ^^^^^^^^
        hint: add "identify" or "track" to "send" of the destination, or give the link its own
      models/b.json:1:60 not-supported "crm" is sent group calls only, and a definition of users makes none
        …b", "destinations": [{ "to": "crm", "send": ["group"] }], "definition": { "trait": "plan", "equals": "pro" } }
                                      ^^^^^
        hint: add "identify" or "track" to "send"
      "
    `);
  });
});
