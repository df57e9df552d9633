import { describe, expect, test } from 'vitest';

import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import { diagnosticJson } from '../../compiler/diagnostics/print.js';
import { BAD } from './corpus.js';
import { audience, load, printed, readDefinition, readDestination } from './support.js';

async function messages(name: string): Promise<string> {
  const file = BAD[name];
  if (file === undefined) throw new Error(`no bad file is called ${name}`);
  if (file.kind === 'destination') return printed(readDestination(file.text));
  if (file.kind !== 'rollcall') return printed(readDefinition(file.text));
  return (await load({ 'rollcall.json': file.text, 'models/a.json': audience('{ "audience": "a" }') }))
    .printed;
}

/** Every bad file of the corpus as a terminal shows it. Read by eye; each mistake is told once. */
describe('what is said of a bad file', () => {
  test('no key', async () => {
    expect(await messages('no key')).toMatchInlineSnapshot(`
      "
      models/a.json:1:1 missing-key "key" is missing
        { "kind": "audience", "definition": { "audience": "b" } }
        ^
      "
    `);
  });
  test('no definition', async () => {
    expect(await messages('no definition')).toMatchInlineSnapshot(`
      "
      models/a.json:1:1 missing-key "definition" is missing
        { "kind": "audience", "key": "a" }
        ^
      "
    `);
  });
  test('a bad key', async () => {
    expect(await messages('a bad key')).toMatchInlineSnapshot(`
      "
      models/a.json:1:30 invalid-value "Big Spenders" is not a key: lowercase letters, digits and "_", at most 255
        { "kind": "audience", "key": "Big Spenders", "definition": { "audience": "b" } }
                                     ^^^^^^^^^^^^^^
        hint: did you mean "big_spenders"?
      "
    `);
  });
  test('a misspelt setting', async () => {
    expect(await messages('a misspelt setting')).toMatchInlineSnapshot(`
      "
      models/a.json:1:35 unknown-key unknown key "destination"
        { "kind": "audience", "key": "a", "destination": ["x"], "definition": { "audience": "b" } }
                                          ^^^^^^^^^^^^^
        hint: did you mean "destinations"?
      "
    `);
  });
  test('a wrong setting', async () => {
    expect(await messages('a wrong setting')).toMatchInlineSnapshot(`
      "
      models/a.json:1:46 wrong-type true or false is expected, not a string
        { "kind": "audience", "key": "a", "enabled": "yes", "definition": { "audience": "b" } }
                                                     ^^^^^
      "
    `);
  });
  test('a wrong type of profile', async () => {
    expect(await messages('a wrong type of profile')).toMatchInlineSnapshot(`
      "
      models/a.json:1:41 invalid-value "user" is not allowed here
        { "kind": "audience", "key": "a", "of": "user", "definition": { "audience": "b" } }
                                                ^^^^^^
        hint: did you mean "users"?
      "
    `);
  });
  test('a wrong message type', async () => {
    expect(await messages('a wrong message type')).toMatchInlineSnapshot(`
      "
      models/a.json:1:74 invalid-value "email" is not allowed here
        …audience", "key": "a", "destinations": [{ "to": "x", "send": ["email"] }], "definition": { "audience": "b" } }
                                                                       ^^^^^^^
        hint: use "identify", "track" or "group"
      "
    `);
  });
  test('a wrong history', async () => {
    expect(await messages('a wrong history')).toMatchInlineSnapshot(`
      "
      models/a.json:1:46 invalid-duration unknown unit in "90 dyas"
        { "kind": "audience", "key": "a", "history": "90 dyas", "definition": { "audience": "b" } }
                                                     ^^^^^^^^^
        hint: did you mean "days"?
      "
    `);
  });
  test('a misspelt form', async () => {
    expect(await messages('a misspelt form')).toMatchInlineSnapshot(`
      "
      models/a.json:2:19 unknown-key unknown key "evnt"
          "definition": { "evnt": "A" }
                          ^^^^^^
        hint: did you mean "event"?
      "
    `);
  });
  test('no form', async () => {
    expect(await messages('no form')).toMatchInlineSnapshot(`
      "
      models/a.json:2:17 ambiguous-form the object is not a condition
          "definition": { "name": "A" }
                        ^
        hint: a condition has one of "all", "any", "not", "event", "trait", "audience", "users", "entity" or "query"
      "
    `);
  });
  test('an empty form', async () => {
    expect(await messages('an empty form')).toMatchInlineSnapshot(`
      "
      models/a.json:2:17 ambiguous-form the object is not a condition
          "definition": {}
                        ^
        hint: a condition has one of "all", "any", "not", "event", "trait", "audience", "users", "entity" or "query"
      "
    `);
  });
  test('two forms', async () => {
    expect(await messages('two forms')).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 ambiguous-form "event" and "trait" in one object
          "definition": { "event": "A", "trait": "b", "equals": 1 }
                                        ^^^^^^^
        hint: put each in its own object under "all"
      "
    `);
  });
  test('an empty list', async () => {
    expect(await messages('an empty list')).toMatchInlineSnapshot(`
      "
      models/a.json:2:26 invalid-value the list is empty
          "definition": { "all": [] }
                                 ^^
      "
    `);
  });
  test('not a condition', async () => {
    expect(await messages('not a condition')).toMatchInlineSnapshot(`
      "
      models/a.json:2:27 wrong-type a condition is expected, not a string
          "definition": { "all": ["a", 1, null] }
                                  ^^^
      models/a.json:2:32 wrong-type a condition is expected, not a number
          "definition": { "all": ["a", 1, null] }
                                       ^
      models/a.json:2:35 wrong-type a condition is expected, not null
          "definition": { "all": ["a", 1, null] }
                                          ^^^^
      "
    `);
  });
  test('no comparison', async () => {
    expect(await messages('no comparison')).toMatchInlineSnapshot(`
      "
      models/a.json:2:17 missing-key a comparison is missing
          "definition": { "trait": "a" }
                        ^
        hint: add one, such as "at_least": 1
      "
    `);
  });
  test('a misspelt operator', async () => {
    expect(await messages('a misspelt operator')).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 unknown-key unknown key "equal"
          "definition": { "trait": "a", "equal": 1 }
                                        ^^^^^^^
        hint: did you mean "equals"?
      "
    `);
  });
  test("another tool's operator", async () => {
    expect(await messages("another tool's operator")).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 unknown-key unknown key ">="
          "definition": { "trait": "a", ">=": 1 }
                                        ^^^^
        hint: did you mean "at_least"?
      "
    `);
  });
  test('two operators', async () => {
    expect(await messages('two operators')).toMatchInlineSnapshot(`
      "
      models/a.json:2:48 ambiguous-form "at_least" and "at_most" at once
          "definition": { "trait": "a", "at_least": 1, "at_most": 2 }
                                                       ^^^^^^^^^
        hint: put each in its own condition under "all"
      "
    `);
  });
  test('a list for a value', async () => {
    expect(await messages('a list for a value')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 wrong-type a number, a string, a boolean, or a reference such as { "trait": "avg_spend" } is expected, not a list
          "definition": { "trait": "a", "equals": ["x"] }
                                                  ^^^^^
      "
    `);
  });
  test('a value for a list', async () => {
    expect(await messages('a value for a list')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 wrong-type a list of numbers, strings or booleans is expected, not a string
          "definition": { "trait": "a", "one_of": "x" }
                                                  ^^^
      "
    `);
  });
  test('null for a value', async () => {
    expect(await messages('null for a value')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 wrong-type a number, a string, a boolean, or a reference such as { "trait": "avg_spend" } is expected, not null
          "definition": { "trait": "a", "equals": null }
                                                  ^^^^
      "
    `);
  });
  test('exists false', async () => {
    expect(await messages('exists false')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 invalid-value false is not allowed here
          "definition": { "trait": "a", "exists": false }
                                                  ^^^^^
        hint: for the opposite write "not_exists": true
      "
    `);
  });
  test('a bare count', async () => {
    expect(await messages('a bare count')).toMatchInlineSnapshot(`
      "
      models/a.json:2:42 missing-key a comparison is missing
          "definition": { "event": "A", "count": {} }
                                                 ^
        hint: add one, such as "at_least": 1
      "
    `);
  });
  test('a number for a count', async () => {
    expect(await messages('a number for a count')).toMatchInlineSnapshot(`
      "
      models/a.json:2:42 wrong-type an object is expected, not a number
          "definition": { "event": "A", "count": 3 }
                                                 ^
        hint: write { "at_least": 1 }
      "
    `);
  });
  test('a comparison beside the event', async () => {
    expect(await messages('a comparison beside the event')).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 unknown-key unknown key "at_least"
          "definition": { "event": "A", "at_least": 3 }
                                        ^^^^^^^^^^
        hint: a comparison belongs to a reducer: "count": { "at_least": … }
      "
    `);
  });
  test('a property beside the event', async () => {
    expect(await messages('a property beside the event')).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 unknown-key unknown key "property"
          "definition": { "event": "A", "property": "x", "count": { "at_least": 1 } }
                                        ^^^^^^^^^^
        hint: a property belongs to a reducer, "sum": { "property": … }, or into "where"
      "
    `);
  });
  test('a reducer without property', async () => {
    expect(await messages('a reducer without property')).toMatchInlineSnapshot(`
      "
      models/a.json:2:40 missing-key "property" is missing
          "definition": { "event": "A", "sum": { "greater_than": 3 } }
                                               ^
      "
    `);
  });
  test('two reducers', async () => {
    expect(await messages('two reducers')).toMatchInlineSnapshot(`
      "
      models/a.json:2:61 ambiguous-form "count" and "sum" at once
          "definition": { "event": "A", "count": { "at_least": 1 }, "sum": { "property": "x", "at_least": 1 } }
                                                                    ^^^^^
        hint: put each in its own condition under "all"
      "
    `);
  });
  test('two windows', async () => {
    expect(await messages('two windows')).toMatchInlineSnapshot(`
      "
      models/a.json:2:52 ambiguous-form "within" and "since" at once
          "definition": { "event": "A", "within": "1 day", "since": "2025-01-01" }
                                                           ^^^^^^^
        hint: a stream has one window: within, between, or since and until
      "
    `);
  });
  test('a calendar unit', async () => {
    expect(await messages('a calendar unit')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 invalid-duration unknown unit in "3 months"
          "definition": { "event": "A", "within": "3 months" }
                                                  ^^^^^^^^^^
        hint: its length depends on the calendar; write "90 days"
      "
    `);
  });
  test('no unit', async () => {
    expect(await messages('no unit')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 invalid-duration "30" is not a duration
          "definition": { "event": "A", "within": "30" }
                                                  ^^^^
        hint: write it as "30 days"
      "
    `);
  });
  test('a number for a duration', async () => {
    expect(await messages('a number for a duration')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 wrong-type a duration such as "30 days" is expected, not a number
          "definition": { "event": "A", "within": 30 }
                                                  ^^
      "
    `);
  });
  test('no duration', async () => {
    expect(await messages('no duration')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 invalid-duration "0 days" is not a positive duration
          "definition": { "event": "A", "within": "0 days" }
                                                  ^^^^^^^^
        hint: "1 day" is the shortest in days
      "
    `);
  });
  test('one duration', async () => {
    expect(await messages('one duration')).toMatchInlineSnapshot(`
      "
      models/a.json:2:44 invalid-value two durations, the shorter first: ["30 days", "90 days"] is expected
          "definition": { "event": "A", "between": ["1 day"] }
                                                   ^^^^^^^^^
      "
    `);
  });
  test('no instant', async () => {
    expect(await messages('no instant')).toMatchInlineSnapshot(`
      "
      models/a.json:2:42 invalid-instant "yesterday" is not an ISO 8601 date or instant
          "definition": { "event": "A", "since": "yesterday" }
                                                 ^^^^^^^^^^^
        hint: write a date or an instant: "2025-03-01" or "2025-03-01T09:30:00Z"
      "
    `);
  });
  test('a property outside where', async () => {
    expect(await messages('a property outside where')).toMatchInlineSnapshot(`
      "
      models/a.json:2:19 ambiguous-form the object is not a condition
          "definition": { "property": "x", "equals": 1 }
                          ^^^^^^^^^^
        hint: a property belongs to an event: put this into the "where" of the event
      "
    `);
  });
  test('a parent outside where', async () => {
    expect(await messages('a parent outside where')).toMatchInlineSnapshot(`
      "
      models/a.json:2:33 unknown-key unknown key "within_parent"
          "definition": { "event": "A", "within_parent": "1 day" }
                                        ^^^^^^^^^^^^^^^
        hint: "within_parent" is for an event inside the "where" of another event
      "
    `);
  });
  test('an audience in where', async () => {
    expect(await messages('an audience in where')).toMatchInlineSnapshot(`
      "
      models/a.json:2:44 ambiguous-form the object is not a condition on an event
          "definition": { "event": "A", "where": { "audience": "b" } }
                                                   ^^^^^^^^^^
        hint: inside "where" write { "trait": key, "equals": true }
      "
    `);
  });
  test('a wrong parent', async () => {
    expect(await messages('a wrong parent')).toMatchInlineSnapshot(`
      "
      models/a.json:2:67 invalid-value "child" is not allowed here
          "definition": { "event": "A", "where": { "property": "x", "of": "child", "equals": 1 } }
                                                                          ^^^^^^^
        hint: write "parent"
      "
    `);
  });
  test('a wrong reference', async () => {
    expect(await messages('a wrong reference')).toMatchInlineSnapshot(`
      "
      models/a.json:2:71 ambiguous-form the object is not a reference
          "definition": { "event": "A", "where": { "property": "x", "equals": { "column": "y" } } }
                                                                              ^
        hint: a reference has one of "property", "context", "trait" or "event"
      "
    `);
  });
  test('an event reference that counts nothing', async () => {
    expect(await messages('an event reference that counts nothing')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 missing-key a reducer is missing
          "definition": { "trait": "a", "equals": { "event": "A" } }
                                                  ^
        hint: add one, such as "count": {} or "sum": { "property": "revenue" }
      "
    `);
  });
  test('a comparison on the right', async () => {
    expect(await messages('a comparison on the right')).toMatchInlineSnapshot(`
      "
      models/a.json:2:70 unknown-key unknown key "at_least"
          "definition": { "trait": "a", "equals": { "event": "A", "count": { "at_least": 1 } } }
                                                                             ^^^^^^^^^^
        hint: allowed here: nothing
      "
    `);
  });
  test('a wrong quantifier', async () => {
    expect(await messages('a wrong quantifier')).toMatchInlineSnapshot(`
      "
      models/a.json:2:28 invalid-value "some" is not allowed here
          "definition": { "users": "some", "match": { "audience": "b" } }
                                   ^^^^^^
        hint: use "any", "all" or "none"
      "
    `);
  });
  test('query text beside a form', async () => {
    expect(await messages('query text beside a form')).toMatchInlineSnapshot(`
      "
      models/a.json:2:51 ambiguous-form "query" and "event" in one object
          "definition": { "query": "trait('a').exists()", "event": "A" }
                                                          ^^^^^^^
        hint: keep one of them
      "
    `);
  });
  test('a condition for a trait', async () => {
    expect(await messages('a condition for a trait')).toMatchInlineSnapshot(`
      "
      models/a.json:2:19 ambiguous-form the object is not a trait value
          "definition": { "all": [{ "audience": "b" }] }
                          ^^^^^
        hint: a trait is a value: an event with a reducer, or "sql"; conditions make audiences
      "
    `);
  });
  test('a trait without reducer', async () => {
    expect(await messages('a trait without reducer')).toMatchInlineSnapshot(`
      "
      models/a.json:2:17 missing-key a reducer is missing
          "definition": { "event": "A" }
                        ^
        hint: add one, such as "count": {} or "sum": { "property": "revenue" }
      "
    `);
  });
  test('a trait with a comparison', async () => {
    expect(await messages('a trait with a comparison')).toMatchInlineSnapshot(`
      "
      models/a.json:2:44 unknown-key unknown key "at_least"
          "definition": { "event": "A", "count": { "at_least": 1 } }
                                                   ^^^^^^^^^^
        hint: allowed here: nothing
      "
    `);
  });
  test('a trait with two reducers', async () => {
    expect(await messages('a trait with two reducers')).toMatchInlineSnapshot(`
      "
      models/a.json:2:46 ambiguous-form "count" and "sum" at once
          "definition": { "event": "A", "count": {}, "sum": { "property": "x" } }
                                                     ^^^^^
        hint: keep one of them
      "
    `);
  });
  test('no settings', async () => {
    expect(await messages('no settings')).toMatchInlineSnapshot(`
      "
      destinations/a.json:1:1 missing-key "settings" is missing
        { "kind": "destination", "key": "f", "type": "file" }
        ^
      "
    `);
  });
  test('a misspelt type', async () => {
    expect(await messages('a misspelt type')).toMatchInlineSnapshot(`
      "
      destinations/a.json:1:46 invalid-value "webhok" is not a destination type
        { "kind": "destination", "key": "f", "type": "webhok", "settings": {} }
                                                     ^^^^^^^^
        hint: did you mean "webhook"?
      "
    `);
  });
  test('wrong settings', async () => {
    expect(await messages('wrong settings')).toMatchInlineSnapshot(`
      "
      destinations/a.json:1:78 destination-settings "ftp://x" is not an http or https address
        …destination", "key": "w", "type": "webhook", "settings": { "url": "ftp://x", "batchsize": 1, "retries": -1 } }
                                                                           ^^^^^^^^^
      destinations/a.json:1:89 destination-settings unknown key "batchsize"
        …destination", "key": "w", "type": "webhook", "settings": { "url": "ftp://x", "batchsize": 1, "retries": -1 } }
                                                                                      ^^^^^^^^^^^
        hint: did you mean "batch_size"?
      destinations/a.json:1:116 destination-settings -1 is out of range: at least 0
        …destination", "key": "w", "type": "webhook", "settings": { "url": "ftp://x", "batchsize": 1, "retries": -1 } }
                                                                                                                 ^^
      "
    `);
  });
  test('a misspelt event', async () => {
    expect(await messages('a misspelt event')).toMatchInlineSnapshot(`
      "
      destinations/a.json:1:95 unknown-key unknown key "audience_enter"
        … "destination", "key": "f", "type": "file", "settings": { "path": "x" }, "events": { "audience_enter": "x" } }
                                                                                              ^^^^^^^^^^^^^^^^
        hint: did you mean "audience_entered"?
      "
    `);
  });
  test('no targets', async () => {
    expect(await messages('no targets')).toMatchInlineSnapshot(`
      "
      rollcall.json:1:1 missing-key "targets" is missing
        { "name": "s", "target": "dev", "sources": [] }
        ^
      rollcall.json:1:44 invalid-value the list is empty
        { "name": "s", "target": "dev", "sources": [] }
                                                   ^^
      "
    `);
  });
  test('a misspelt target type', async () => {
    expect(await messages('a misspelt target type')).toMatchInlineSnapshot(`
      "
      rollcall.json:1:63 invalid-value "duckbd" is not a target type
        …rgets": { "dev": { "type": "duckbd", "path": "x" } }, "sources": [{ "name": "w", "layout": "segment", "schema"…
                                    ^^^^^^^^
        hint: did you mean "duckdb"?
      "
    `);
  });
  test('a misspelt layout', async () => {
    expect(await messages('a misspelt layout')).toMatchInlineSnapshot(`
      "
      rollcall.json:1:127 invalid-value "segmnt" is not a source layout
        … "dev": { "type": "duckdb", "path": "x" } }, "sources": [{ "name": "w", "layout": "segmnt", "schema": "w" }] }
                                                                                           ^^^^^^^^
        hint: did you mean "segment"?
      "
    `);
  });
  test('a source without table', async () => {
    expect(await messages('a source without table')).toMatchInlineSnapshot(`
      "
      rollcall.json:1:102 missing-key "table" is missing
        …kdb", "path": "x" } }, "sources": [{ "name": "w", "layout": "table", "event": "E", "columns": { "id": 3 } }] }
                                            ^
      rollcall.json:1:169 wrong-type a column name, or null where there is none is expected, not a number
        …kdb", "path": "x" } }, "sources": [{ "name": "w", "layout": "table", "event": "E", "columns": { "id": 3 } }] }
                                                                                                               ^
      "
    `);
  });
  test('a day that does not exist', async () => {
    expect(await messages('a day that does not exist')).toMatchInlineSnapshot(`
      "
      models/a.json:2:42 invalid-instant "2025-02-30" is not an ISO 8601 date or instant
          "definition": { "event": "A", "since": "2025-02-30" }
                                                 ^^^^^^^^^^^^
        hint: there is no such day or time
      "
    `);
  });
  test('nanoseconds twice wrong', async () => {
    expect(await messages('nanoseconds twice wrong')).toMatchInlineSnapshot(`
      "
      models/a.json:2:48 invalid-instant "2025-13-01" is not an ISO 8601 date or instant
          "definition": { "trait": "a", "before_date": "2025-13-01" }
                                                       ^^^^^^^^^^^^
        hint: there is no such day or time
      "
    `);
  });
  test('a range the wrong way round', async () => {
    expect(await messages('a range the wrong way round')).toMatchInlineSnapshot(`
      "
      models/a.json:2:44 invalid-value the first duration must be the shorter
          "definition": { "event": "A", "between": ["90 days", "30 days"] }
                                                   ^^^^^^^^^^^^^^^^^^^^^^
        hint: "between" counts back from as_of: ["30 days", "90 days"]
      "
    `);
  });
  test('until before since', async () => {
    expect(await messages('until before since')).toMatchInlineSnapshot(`
      "
      models/a.json:2:56 invalid-value "until" is before "since": no event can be in between
          "definition": { "event": "A", "since": "2025-02-01", "until": "2025-01-01" }
                                                               ^^^^^^^
      "
    `);
  });
  test('a very long time', async () => {
    expect(await messages('a very long time')).toMatchInlineSnapshot(`
      "
      models/a.json:2:43 invalid-duration "60000 weeks" is more than 1000 years
          "definition": { "event": "A", "within": "60000 weeks" }
                                                  ^^^^^^^^^^^^^
      "
    `);
  });
  test('query text with a slip', async () => {
    expect(await messages('query text with a slip')).toMatchInlineSnapshot(`
      "
      models/a.json:2:46 invalid-query "cuont" is not a filter or a reducer
          "definition": { "query": "event('A\\u00e9').cuont() >= 1 and trait(\\"b\\").contain('x')" }
                                                     ^^^^^
        hint: did you mean "count"?
      models/a.json:2:76 invalid-query "contain" is not a comparator
          "definition": { "query": "event('A\\u00e9').cuont() >= 1 and trait(\\"b\\").contain('x')" }
                                                                                   ^^^^^^^
        hint: did you mean "contains"?
      "
    `);
  });
  test('query text that stops', async () => {
    expect(await messages('query text that stops')).toMatchInlineSnapshot(`
      "
      models/a.json:2:50 invalid-query a condition or a value is expected, not the end
          "definition": { "query": "event('A').count() >=" }
                                                         ^
      "
    `);
  });
  test('a query trait with a comparison', async () => {
    expect(await messages('a query trait with a comparison')).toMatchInlineSnapshot(`
      "
      models/a.json:2:48 invalid-query the end is expected after the reducer, not ">="
          "definition": { "query": "event('A').count() >= 1" }
                                                       ^^
        hint: a trait is a value, without a comparison; conditions make audiences
      "
    `);
  });
});
