import { audience, ROLLCALL, trait } from './support.js';
import type { FileKind } from '../../models/schema/index.js';

/** Files that are right, and files that are wrong, for the loader and for any JSON Schema validator. */

export interface CorpusFile {
  readonly kind: FileKind;
  readonly text: string;
}

const where = (predicate: string) => audience(`{ "event": "A", "where": ${predicate} }`);

export const GOOD: Readonly<Record<string, CorpusFile>> = {
  ...all('audience', {
    'an event': audience('{ "event": "Order Completed" }'),
    'every setting': `{ "$schema": "../schemas/audience.json", "kind": "audience", "key": "a_1", "name": "A",
      "description": "", "of": "accounts", "tags": ["daily"], "enabled": false, "include_anonymous": true,
      "history": "90 days", "destinations": ["crm", { "to": "ads", "send": ["identify", "group"] }],
      "definition": { "audience": "b" } }`,
    comments: '// why\n{ "kind": "audience", "key": "a", /* here */ "definition": { "audience": "b" } }',
    'history off': '{ "kind": "audience", "key": "a", "history": false, "definition": { "audience": "b" } }',
    'boolean trees': audience(
      '{ "all": [{ "any": [{ "audience": "b" }] }, { "not": { "audience": "c" } }] }',
    ),
    'a window': audience('{ "event": "A", "within": "1 week", "count": { "equals": 0 } }'),
    'a range': audience('{ "event": "A", "between": ["30 days", "90 days"], "count": { "at_most": 1 } }'),
    'two instants': audience(
      '{ "event": "A", "since": "2025-01-01", "until": "2025-01-01T00:00:00.5-02:00" }',
    ),
    'sources and account': audience('{ "event": "A", "sources": { "exclude": ["s"] }, "by": "group_id" }'),
    sum: audience('{ "event": "A", "sum": { "property": "revenue", "greater_than": 500 } }'),
    'max as text': audience('{ "event": "A", "max": { "property": "v", "as": "string", "at_most": "b" } }'),
    mode: audience('{ "event": "A", "mode": { "property": "c", "min_frequency": 3, "equals": "x" } }'),
    'unique count': audience('{ "event": "A", "unique_count": { "property": "c", "at_least": 3 } }'),
    'trait to trait': audience('{ "trait": "a", "less_than": { "trait": "b" } }'),
    'trait to event': audience('{ "trait": "a", "less_than": { "event": "A", "avg": { "property": "v" } } }'),
    'a long number': audience('{ "trait": "a", "equals": 12345678901234567890123456789.123456789 }'),
    lists: audience('{ "trait": "a", "one_of": [1, "b", true] }'),
    texts: audience('{ "trait": "a", "not_contains": ["x", "y"] }'),
    dates: audience(
      '{ "any": [{ "trait": "a", "before_date": "2025-02-28" }, { "trait": "a", "after_next": "1 day" }] }',
    ),
    existence: audience(
      '{ "any": [{ "trait": "a", "exists": true }, { "trait": "a", "not_exists": true }] }',
    ),
    accounts: audience('{ "users": "none", "match": { "trait": "a", "exists": true } }'),
    'an entity': audience(
      '{ "entity": "orders", "where": { "property": "total", "at_least": 1 }, "count": { "at_least": 1 } }',
    ),
    'a property of the parent': where('{ "property": "a", "equals": { "property": "b", "of": "parent" } }'),
    'a context': where('{ "context": "page.url", "contains": ["/pricing"] }'),
    'an audience in where': where('{ "not": { "audience": "b" } }'),
    'a trait in where': where('{ "trait": "plan", "equals": "pro" }'),
    'a funnel': where('{ "not": { "event": "B", "within_parent": "1 day", "settled": true } }'),
    'a funnel range': where(
      '{ "event": "B", "between_parent": ["1 day", "2 days"], "count": { "at_least": 2 } }',
    ),
    'a count on the right': where(
      '{ "property": "n", "equals": { "event": "B", "within_parent": "1 day", "count": {} } }',
    ),
    'query text': audience(`{ "query": "event('A').count() >= 1" }`),
    'first time': audience('{ "event": "A", "first_time": { "within": "7 days" } }'),
    'first time since': audience(
      '{ "event": "A", "first_time": { "since": "2025-01-01", "until": "2025-02-01" } }',
    ),
    stopped: audience('{ "event": "A", "stopped": { "for": "30 days", "within": "90 days" } }'),
    restarted: audience('{ "event": "A", "restarted": { "within": "7 days", "after": "30 days" } }'),
    regularly: audience('{ "event": "A", "regularly": { "at_least": 3, "of": 4, "every": "1 week" } }'),
    periods: audience('{ "event": "A", "periods": { "every": "1 week", "of": 4, "at_least": 3 } }'),
    'a session': audience('{ "event": "A", "expires_after": "30 minutes", "count": { "at_least": 3 } }'),
    'a rank': audience('{ "rank": { "by": { "trait": "spend" }, "top": 100, "order": "ascending" } }'),
    'a rank among': audience(
      '{ "rank": { "by": { "event": "A", "count": {} }, "percent": 12.5, "among": { "audience": "b" } } }',
    ),
    'a split': audience('{ "split": { "salt": "s", "from": 0, "to": 33.333333 } }'),
    'a split in shares': audience(
      '{ "split": { "salt": "s", "shares": { "a": 10, "b": 90 }, "take": "b" } }',
    ),
    'rules of members': `{ "kind": "audience", "key": "a", "exclude": ["b"], "holdout": { "percent": 10, "salt": "x" },
      "limit": { "top": 5, "by": { "trait": "spend" } }, "definition": { "audience": "c" } }`,
    'a guard': `{ "kind": "audience", "key": "a", "guard": { "max_change_percent": 12.5, "min_size": 10 },
      "definition": { "audience": "c" } }`,
    'no guard': '{ "kind": "audience", "key": "a", "guard": false, "definition": { "audience": "c" } }',
    'no exclusions':
      '{ "kind": "audience", "key": "a", "exclude": false, "definition": { "audience": "c" } }',
  }),
  ...all('trait', {
    'a count trait': trait('{ "event": "A", "within": "90 days", "count": {} }'),
    'a sum trait': trait('{ "event": "A", "sum": { "property": "revenue" } }'),
    'an entity trait': trait('{ "entity": "orders", "unique": { "property": "sku" } }'),
    'a SQL trait': trait('{ "sql": "select user_id, 1 as value from x" }'),
    'a query trait': trait(`{ "query": "event('A').sum(property('v'))" }`),
  }),
  ...all('destination', {
    'a file': '{ "kind": "destination", "key": "f", "type": "file", "settings": { "path": "out.jsonl" } }',
    'a webhook': `{ "kind": "destination", "key": "w", "name": "W", "type": "webhook", "enabled": true,
      "settings": { "url": "https://example.com/in", "headers": { "x-key": "1" }, "batch_size": 10,
        "timeout_ms": 1000, "requests_per_second": 0.5, "retries": 0, "concurrency": 2 },
      "send": ["track"], "events": { "audience_entered": "Joined" }, "identifiers": "last_added" }`,
  }),
  ...all('destination', {
    'identifiers, and hashes': `{ "kind": "destination", "key": "d", "type": "file", "settings": { "path": "d.csv" },
      "identifiers": { "types": ["anonymous_id", "user_id"], "strategy": "last_added", "at_most": 2, "names": { "user_id": "external_id" } },
      "hash": { "email": "email", "phone": { "as": "phone", "country": "49" } } }`,
  }),
  ...all('rollcall', {
    'a small project': ROLLCALL,
    'a whole project': `{ "$schema": "x", "name": "shop", "target": "dev",
      "targets": { "dev": { "type": "duckdb", "path": "w.duckdb", "schema": "rc", "threads": 2, "memory_limit": "4GB" },
        "prod": { "type": "bigquery", "project": "p", "dataset": "d", "location": "EU" } },
      "sources": [
        { "name": "web", "layout": "segment", "schema": "web", "overlap": "5 days" },
        { "name": "raw", "layout": "messages", "table": "raw.messages", "traits": ["plan"] },
        { "name": "orders", "layout": "table", "table": "shop.orders", "event": "Order Completed",
          "columns": { "id": "order_id", "timestamp": "created_at", "received_at": null } }],
      "entities": { "orders": { "table": "shop.orders", "id": "order_id", "profile": { "user_id": "customer_id" } } },
      "vars": { "min": 3 } }`,
  }),
};

export interface BadFile extends CorpusFile {
  /** No JSON Schema can say it: only the loader finds it. */
  readonly beyondSchema?: true;
}

export const BAD: Readonly<Record<string, BadFile>> = {
  ...all('audience', {
    'no key': '{ "kind": "audience", "definition": { "audience": "b" } }',
    'no definition': '{ "kind": "audience", "key": "a" }',
    'a bad key': '{ "kind": "audience", "key": "Big Spenders", "definition": { "audience": "b" } }',
    'a misspelt setting':
      '{ "kind": "audience", "key": "a", "destination": ["x"], "definition": { "audience": "b" } }',
    'a wrong setting':
      '{ "kind": "audience", "key": "a", "enabled": "yes", "definition": { "audience": "b" } }',
    'a wrong type of profile':
      '{ "kind": "audience", "key": "a", "of": "user", "definition": { "audience": "b" } }',
    'a wrong message type':
      '{ "kind": "audience", "key": "a", "destinations": [{ "to": "x", "send": ["email"] }], "definition": { "audience": "b" } }',
    'a wrong history':
      '{ "kind": "audience", "key": "a", "history": "90 dyas", "definition": { "audience": "b" } }',
    'a misspelt form': audience('{ "evnt": "A" }'),
    'no form': audience('{ "name": "A" }'),
    'an empty form': audience('{}'),
    'two forms': audience('{ "event": "A", "trait": "b", "equals": 1 }'),
    'an empty list': audience('{ "all": [] }'),
    'not a condition': audience('{ "all": ["a", 1, null] }'),
    'no comparison': audience('{ "trait": "a" }'),
    'a misspelt operator': audience('{ "trait": "a", "equal": 1 }'),
    "another tool's operator": audience('{ "trait": "a", ">=": 1 }'),
    'two operators': audience('{ "trait": "a", "at_least": 1, "at_most": 2 }'),
    'a list for a value': audience('{ "trait": "a", "equals": ["x"] }'),
    'a value for a list': audience('{ "trait": "a", "one_of": "x" }'),
    'null for a value': audience('{ "trait": "a", "equals": null }'),
    'exists false': audience('{ "trait": "a", "exists": false }'),
    'a bare count': audience('{ "event": "A", "count": {} }'),
    'a number for a count': audience('{ "event": "A", "count": 3 }'),
    'a comparison beside the event': audience('{ "event": "A", "at_least": 3 }'),
    'a property beside the event': audience('{ "event": "A", "property": "x", "count": { "at_least": 1 } }'),
    'a reducer without property': audience('{ "event": "A", "sum": { "greater_than": 3 } }'),
    'two reducers': audience(
      '{ "event": "A", "count": { "at_least": 1 }, "sum": { "property": "x", "at_least": 1 } }',
    ),
    'two windows': audience('{ "event": "A", "within": "1 day", "since": "2025-01-01" }'),
    'a calendar unit': audience('{ "event": "A", "within": "3 months" }'),
    'no unit': audience('{ "event": "A", "within": "30" }'),
    'a number for a duration': audience('{ "event": "A", "within": 30 }'),
    'no duration': audience('{ "event": "A", "within": "0 days" }'),
    'one duration': audience('{ "event": "A", "between": ["1 day"] }'),
    'no instant': audience('{ "event": "A", "since": "yesterday" }'),
    'a property outside where': audience('{ "property": "x", "equals": 1 }'),
    'a parent outside where': audience('{ "event": "A", "within_parent": "1 day" }'),
    'an audience for a value': where('{ "property": "x", "equals": { "audience": "b" } }'),
    'an order of booleans': audience('{ "trait": "a", "less_than": true }'),
    'an order of booleans in where': where('{ "property": "a", "at_least": false }'),
    'an order of booleans in a reducer': audience(
      '{ "event": "A", "last": { "property": "v", "at_most": true } }',
    ),
    'a wrong parent': where('{ "property": "x", "of": "child", "equals": 1 }'),
    'a wrong reference': where('{ "property": "x", "equals": { "column": "y" } }'),
    'an event reference that counts nothing': audience('{ "trait": "a", "equals": { "event": "A" } }'),
    'a comparison on the right': audience(
      '{ "trait": "a", "equals": { "event": "A", "count": { "at_least": 1 } } }',
    ),
    'a wrong quantifier': audience('{ "users": "some", "match": { "audience": "b" } }'),
    'a verb without a time': audience('{ "event": "A", "first_time": {} }'),
    'a verb and a window': audience(
      '{ "event": "A", "within": "7 days", "first_time": { "within": "7 days" } }',
    ),
    'a verb and a reducer': audience(
      '{ "event": "A", "stopped": { "for": "7 days" }, "count": { "at_least": 1 } }',
    ),
    'two verbs': audience(
      '{ "event": "A", "stopped": { "for": "7 days" }, "restarted": { "within": "1 day", "after": "1 day" } }',
    ),
    'a verb in where': where('{ "event": "B", "stopped": { "for": "7 days" } }'),
    'a verb on the right': audience(
      '{ "trait": "a", "equals": { "event": "A", "count": {}, "stopped": { "for": "7 days" } } }',
    ),
    'a misspelt verb': audience('{ "event": "A", "stoped": { "for": "7 days" } }'),
    'until without since': audience('{ "event": "A", "first_time": { "until": "2025-01-01" } }'),
    'until with within': audience(
      '{ "event": "A", "first_time": { "within": "1 day", "until": "2025-01-01" } }',
    ),
    'a rank without a size': audience('{ "rank": { "by": { "trait": "spend" } } }'),
    'a rank of two sizes': audience('{ "rank": { "by": { "trait": "spend" }, "top": 1, "percent": 1 } }'),
    'a rank of none': audience('{ "rank": { "by": { "trait": "spend" }, "top": 0 } }'),
    'a rank by nothing': audience('{ "rank": { "top": 1 } }'),
    'a rank by a word': audience('{ "rank": { "by": "spend", "top": 1 } }'),
    'a wrong order': audience('{ "rank": { "by": { "trait": "a" }, "top": 1, "order": "desc" } }'),
    'a rank in where': where('{ "rank": { "by": { "trait": "a" }, "top": 1 } }'),
    'a split without a salt': audience('{ "split": { "from": 0, "to": 50 } }'),
    'a split past the end': audience('{ "split": { "salt": "s", "from": 0, "to": 101 } }'),
    'a holdout of none': `{ "kind": "audience", "key": "a", "holdout": { "percent": 0 }, "definition": { "audience": "b" } }`,
    'exclude true': `{ "kind": "audience", "key": "a", "exclude": true, "definition": { "audience": "b" } }`,
    'exclude a key': `{ "kind": "audience", "key": "a", "exclude": "b", "definition": { "audience": "b" } }`,
    'exclude twice': `{ "kind": "audience", "key": "a", "exclude": ["b", "b"], "definition": { "audience": "b" } }`,
    'a guard that is a number': `{ "kind": "audience", "key": "a", "guard": 30, "definition": { "audience": "b" } }`,
    'a guard without a limit': `{ "kind": "audience", "key": "a", "guard": { "min_size": 10 }, "definition": { "audience": "b" } }`,
    'a guard of nothing': `{ "kind": "audience", "key": "a", "guard": { "max_change_percent": 0, "min_sise": 1 }, "definition": { "audience": "b" } }`,
    'query text beside a form': audience(`{ "query": "trait('a').exists()", "event": "A" }`),
  }),
  ...all('trait', {
    'a condition for a trait': trait('{ "all": [{ "audience": "b" }] }'),
    'a trait without reducer': trait('{ "event": "A" }'),
    'a trait with a comparison': trait('{ "event": "A", "count": { "at_least": 1 } }'),
    'a trait that excludes':
      '{ "kind": "trait", "key": "t", "exclude": ["b"], "definition": { "event": "A", "count": {} } }',
    'periods without a length': trait('{ "event": "A", "periods": { "of": 4 } }'),
    'a trait with a verb': trait('{ "event": "A", "count": {}, "first_time": { "within": "7 days" } }'),
    'a trait with two reducers': trait('{ "event": "A", "count": {}, "sum": { "property": "x" } }'),
  }),
  ...all('destination', {
    'no settings': '{ "kind": "destination", "key": "f", "type": "file" }',
    'identifiers and hashes that there are not': `{ "kind": "destination", "key": "d", "type": "file", "settings": { "path": "x" },
      "identifiers": { "types": ["e_mail"], "strategy": "newest", "at_most": 0 }, "hash": { "email": "md5", "phone": { "as": "phone", "country": "+49" } } }`,
    'a misspelt type': '{ "kind": "destination", "key": "f", "type": "webhok", "settings": {} }',
    'an action that there is not':
      '{ "kind": "destination", "key": "f", "type": "action:klavio", "settings": {} }',
    'wrong settings':
      '{ "kind": "destination", "key": "w", "type": "webhook", "settings": { "url": "ftp://x", "batchsize": 1, "retries": -1 } }',
    'a misspelt event':
      '{ "kind": "destination", "key": "f", "type": "file", "settings": { "path": "x" }, "events": { "audience_enter": "x" } }',
  }),
  ...all('rollcall', {
    'no targets': '{ "name": "s", "target": "dev", "sources": [] }',
    'a misspelt target type':
      '{ "name": "s", "target": "dev", "targets": { "dev": { "type": "duckbd", "path": "x" } }, "sources": [{ "name": "w", "layout": "segment", "schema": "w" }] }',
    'a misspelt layout':
      '{ "name": "s", "target": "dev", "targets": { "dev": { "type": "duckdb", "path": "x" } }, "sources": [{ "name": "w", "layout": "segmnt", "schema": "w" }] }',
    'a guard, alerts and consent that are wrong': `{ "name": "s", "target": "dev", "targets": { "dev": { "type": "duckdb", "path": "x" } },
      "sources": [{ "name": "w", "layout": "segment", "schema": "w" }], "guard": false, "compute_unconnected": "no",
      "alerts": [{ "on": "sizes" }, { "on": "size_change", "percent": 30 }, { "on": "stale", "after": "6 hrs" }],
      "channels": { "team": { "type": "slack", "url": "hooks" }, "ops": { "type": "email", "server": "mail", "from": "a", "to": [] } },
      "suppress": { "traits": "x" }, "consent": { "ads": { "preferences": "x" } } }`,
    'a source without table':
      '{ "name": "s", "target": "dev", "targets": { "dev": { "type": "duckdb", "path": "x" } }, "sources": [{ "name": "w", "layout": "table", "event": "E", "columns": { "id": 3 } }] }',
  }),
  ...beyond('audience', {
    'a day that does not exist': audience('{ "event": "A", "since": "2025-02-30" }'),
    'nanoseconds twice wrong': audience('{ "trait": "a", "before_date": "2025-13-01" }'),
    'a range the wrong way round': audience('{ "event": "A", "between": ["90 days", "30 days"] }'),
    'until before since': audience('{ "event": "A", "since": "2025-02-01", "until": "2025-01-01" }'),
    'a very long time': audience('{ "event": "A", "within": "1001 years" }').replace(
      '1001 years',
      '60000 weeks',
    ),
    'stopped later than it began': audience(
      '{ "event": "A", "stopped": { "for": "90 days", "within": "30 days" } }',
    ),
    'restarted after a very long time': audience(
      '{ "event": "A", "restarted": { "within": "30000 weeks", "after": "30000 weeks" } }',
    ),
    'more periods than there are': audience(
      '{ "event": "A", "regularly": { "at_least": 5, "of": 4, "every": "1 week" } }',
    ),
    'periods past a thousand years': audience(
      '{ "event": "A", "regularly": { "at_least": 5, "of": 60000, "every": "1 week" } }',
    ),
    'shares that are short': audience(
      '{ "split": { "salt": "s", "shares": { "a": 10, "b": 45 }, "take": "a" } }',
    ),
    'shares that are too much': audience(
      '{ "split": { "salt": "s", "shares": { "a": 33.4, "b": 33.3, "c": 33.4 }, "take": "a" } }',
    ),
    'shares of which none is taken': audience('{ "split": { "salt": "s", "shares": { "a": 10, "b": 90 } } }'),
    'a share that there is not': audience(
      '{ "split": { "salt": "s", "shares": { "control": 10, "rest": 90 }, "take": "controll" } }',
    ),
    'a share without shares': audience('{ "split": { "salt": "s", "take": "a" } }'),
    'shares and bounds': audience(
      '{ "split": { "salt": "s", "from": 10, "shares": { "a": 10, "b": 90 }, "take": "a" } }',
    ),
    'a split of nothing': audience('{ "split": { "salt": "s", "from": 50, "to": 50 } }'),
    'a split of no part': audience('{ "split": { "salt": "s" } }'),
    'a percentage too fine': audience('{ "split": { "salt": "s", "from": 0.00000001, "to": 50 } }'),
    'another percentage too fine': audience('{ "rank": { "by": { "trait": "a" }, "percent": 0.0000001 } }'),
    'query text with a slip': audience(
      `{ "query": "event('A\\u00e9').cuont() >= 1 and trait(\\"b\\").contain('x')" }`,
    ),
    'query text that stops': audience(`{ "query": "event('A').count() >=" }`),
  }),
  ...beyond('trait', {
    'a query trait with a comparison': trait(`{ "query": "event('A').count() >= 1" }`),
  }),
};

function all<K extends FileKind>(
  kind: K,
  files: Readonly<Record<string, string>>,
): Record<string, CorpusFile> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, { kind, text }]));
}

function beyond(kind: FileKind, files: Readonly<Record<string, string>>): Record<string, BadFile> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, { kind, text, beyondSchema: true as const }]),
  );
}
