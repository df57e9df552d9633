import { describe, expect, it } from 'vitest';
import {
  bindSource,
  checkEvent,
  checkValue,
  landingFingerprint,
  parseTableName,
} from '../../compiler/bind/index.js';
import { valueColumn } from '../../compiler/bind/paths.js';
import type { Catalog, CatalogTable } from '../../compiler/bind/types.js';
import type { ColumnKind } from '../../compiler/ir/types.js';
import { messagesSource, needsOf, segmentSource } from './given.js';

const table = (
  schema: string,
  name: string,
  columns: Readonly<Record<string, ColumnKind>>,
): CatalogTable => ({
  table: { schema, name },
  columns: Object.entries(columns).map(([column, kind]) => ({ name: column, nativeType: kind, kind })),
});

const MESSAGES = {
  message_id: 'text',
  type: 'text',
  event: 'text',
  timestamp: 'timestamp',
  received_at: 'timestamp',
  user_id: 'text',
  properties: 'json',
} as const;
const SEGMENT = {
  id: 'text',
  received_at: 'timestamp',
  timestamp: 'timestamp',
  user_id: 'text',
  event: 'text',
} as const;

const catalog = (...tables: readonly CatalogTable[]): Catalog => ({
  tables,
  traitNames: new Map([['raw', new Set(['plan'])]]),
});
const RAW = catalog(table('raw', 'messages', MESSAGES));
const WEB = catalog(
  table('web', 'identifies', { ...SEGMENT, Email: 'text', address_city: 'text', context_ip: 'text' }),
  table('web', 'pages', { ...SEGMENT, name: 'text', context_page_url: 'text' }),
  table('web', 'order_completed', { ...SEGMENT, total_revenue: 'decimal', products: 'text' }),
  table('web', 'Signed Up', { ...SEGMENT, plan: 'text' }),
  table('web', 'lookup', { code: 'text' }),
);

describe('messages', () => {
  it('names a table that is not there, and what is', () => {
    const { bound, diagnostics } = bindSource(messagesSource({ table: 'raw.mesages' }), RAW);
    expect(bound).toBeUndefined();
    expect(diagnostics).toEqual([
      {
        code: 'missing-table',
        severity: 'error',
        message: 'Source raw: there is no table raw.mesages. Schema raw has: messages',
        hint: 'did you mean "messages"?',
      },
    ]);
  });

  it('names a column that is not there, as configured', () => {
    const { diagnostics } = bindSource(messagesSource({ columns: { timestamp: 'time_stamp' } }), RAW);
    expect(diagnostics).toMatchObject([
      { code: 'missing-column', hint: 'did you mean "timestamp"?', severity: 'error' },
    ]);
    expect(diagnostics[0]?.message).toContain(
      'Source raw: table raw.messages has no column time_stamp (configured as timestamp)',
    );
    expect(diagnostics[0]?.message).toContain('message_id, type, event');
  });

  it('needs a column that says who', () => {
    const { diagnostics } = bindSource(messagesSource({ columns: { user_id: null } }), RAW);
    expect(diagnostics).toMatchObject([{ code: 'missing-column' }]);
  });

  it('warns where nothing says what is new', () => {
    const { bound, diagnostics } = bindSource(messagesSource({ columns: { received_at: null } }), RAW);
    expect(bound).toBeDefined();
    expect(diagnostics).toMatchObject([{ code: 'no-received-at', severity: 'warning' }]);
  });

  it('has any event and property, and the traits seen or listed', () => {
    const { bound } = bindSource(messagesSource({ traits: ['tier'] }), RAW);
    expect(checkEvent([bound!], 'Anything')).toBeUndefined();
    expect(checkValue([bound!], 'Anything', valueColumn('property', 'x.y', 'text'))).toBeUndefined();
    expect(['plan', 'plan.name', 'tier', 'other'].map((name) => bound!.hasTrait(name, 'users'))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('segment', () => {
  const web = bindSource(segmentSource(), WEB).bound!;

  it('finds events by slug or by name, pages by their table, and nothing else', () => {
    const events = ['Order Completed', 'Signed Up', 'Page Viewed', 'Screen Viewed', 'Lookup', 'Identifies'];
    expect(events.map((event) => web.hasEvent(event))).toEqual([true, true, true, false, false, false]);
    expect(checkEvent([web], 'Order Complete')).toMatchObject({
      code: 'missing-table',
      hint: 'did you mean "order_completed"?',
    });
  });

  it('finds values by slug, in either spelling, and inside columns that may hold JSON', () => {
    const found = (event: string, path: string, root: 'property' | 'context' = 'property'): boolean =>
      checkValue([web], event, valueColumn(root, path, 'text')) === undefined;
    expect(found('Order Completed', 'total_revenue')).toBe(true);
    expect(found('Order Completed', 'totalRevenue')).toBe(true);
    expect(found('Order Completed', 'Total Revenue')).toBe(true);
    expect(found('Order Completed', 'products.first.id')).toBe(true);
    expect(found('Order Completed', 'total_revenue.amount')).toBe(false);
    expect(found('Page Viewed', 'page_name')).toBe(true);
    expect(found('Page Viewed', 'page.url', 'context')).toBe(true);
    expect(found('Order Completed', 'page.url', 'context')).toBe(false);
    // A standard column is no property.
    expect(found('Order Completed', 'timestamp')).toBe(false);
  });

  it('says what columns there are', () => {
    const missing = checkValue([web], 'Order Completed', valueColumn('property', 'total_revenu', 'number'));
    expect(missing).toMatchObject({ code: 'missing-column', hint: 'did you mean "total_revenue"?' });
    expect(missing?.message).toContain(
      'Source web: table web.order_completed has no column for the property',
    );
    expect(missing?.message).toContain('Columns: total_revenue, products');
  });

  it('takes a value that any source has', () => {
    const raw = bindSource(messagesSource(), RAW).bound!;
    expect(checkValue([web, raw], 'Order Completed', valueColumn('property', 'x', 'text'))).toBeUndefined();
  });

  it('reads traits off the columns of identifies', () => {
    expect(web.traitNames('users')).toEqual(['Email', 'address_city']);
    expect(['email', 'address.city', 'user_id', 'plan'].map((path) => web.hasTrait(path, 'users'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('names a schema that is not there', () => {
    expect(bindSource(segmentSource({ schema: 'webb' }), WEB).diagnostics).toMatchObject([
      { code: 'missing-table', hint: 'did you mean "web"?' },
    ]);
  });
});

describe('the fingerprint of a landing', () => {
  const needs = needsOf({ 'Order Completed': [valueColumn('property', 'total_revenue', 'number')] });
  const of = (catalogue: Catalog, of_ = needs): string =>
    landingFingerprint(bindSource(segmentSource(), catalogue).bound!, of_, 1);

  it('changes with what is read, not with what else there is', () => {
    const wider = catalog(
      ...WEB.tables.map((t) =>
        table('web', t.table.name, {
          ...Object.fromEntries(t.columns.map((c) => [c.name, c.kind])),
          extra: 'text',
        }),
      ),
    );
    expect(of(wider)).toBe(of(WEB));
    const retyped = catalog(
      ...WEB.tables.map((t) =>
        table(
          'web',
          t.table.name,
          Object.fromEntries(t.columns.map((c) => [c.name, c.kind === 'decimal' ? 'float' : c.kind])),
        ),
      ),
    );
    expect(of(retyped)).not.toBe(of(WEB));
    expect(of(WEB, needsOf({ 'Order Completed': [] }))).not.toBe(of(WEB));
  });
});

it('reads table names in parts, quoted where they hold a dot', () => {
  expect(parseTableName('messages')).toEqual({ name: 'messages' });
  expect(parseTableName('db.raw.messages')).toEqual({ catalog: 'db', schema: 'raw', name: 'messages' });
  expect(parseTableName('raw."a.b""c"')).toEqual({ schema: 'raw', name: 'a.b"c' });
});
