/** Snowflake's emulator, through the product's own session and the official driver. */
import { snowflake } from '../../dialects/snowflake/dialect.js';
import { emulatedSettings, openEmulated } from '../dialects/snowflake/emulated.js';
import type { EngineUnderTest } from './engine.js';
import { sqlTables } from './sql-tables.js';

export const snowflakeEngine: EngineUnderTest = {
  name: 'snowflake',
  dialect: snowflake,
  target: { type: 'snowflake', account: 'emulator', database: 'emulated' },
  ways: ['standalone', 'run'],
  open: async () => {
    const warehouse = await openEmulated(emulatedSettings());
    const types = {
      text: 'varchar',
      int: 'number(18, 0)',
      decimal: 'number(18, 4)',
      float: 'double',
      bool: 'boolean',
      timestamp: 'timestamp_ntz',
      date: 'date',
      json: 'variant',
    };
    return {
      warehouse,
      raw: sqlTables(warehouse, snowflake, {
        types,
        cell: (type, literal) =>
          type === 'json' ? `parse_json(${literal})` : `cast(${literal} as ${types[type]})`,
        // Rows of VALUES take no PARSE_JSON.
        insert: (table, columns, rows) =>
          `insert into ${table} (${columns.join(', ')})\n${rows.map((row) => `select ${row.join(', ')}`).join('\nunion all ')}`,
      }),
    };
  },
  version: async () => {
    const warehouse = await openEmulated();
    try {
      return `fakesnow 0.12.1 (${(await warehouse.version()).engine}) through ${(await warehouse.version()).driver}`;
    } finally {
      await warehouse.close();
    }
  },
  again:
    'ROLLCALL_SNOWFLAKE_RUNS_EVERY=20 bash scripts/with-snowflake-emulator.sh npm run conformance -- snowflake',
  sample:
    'the emulator reads, translates, describes and executes each statement one after the other, and a run has two hundred: all cases by SELECT take half an hour of processor time, and hours beside other work',
};
