/** What a destination has to know again at the next sync, such as what an audience is called over there: rows of `meta`. */
import { c, eq, filter, text, values } from '../compiler/ir/build.js';
import { STATE, type StateSchema } from '../compiler/program/state.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Warehouse } from '../dialects/warehouse.js';
import type { Memory } from './destination.js';

/** Names are of one destination: another has its own. */
export function memoryOf(
  { warehouse, dialect, state }: { warehouse: Warehouse; dialect: Dialect; state: StateSchema },
  destination: string,
): Memory {
  const own = (name: string): string => `destination ${destination} ${name}`;
  return {
    recall: async (name) => {
      const rows = state.scan('meta');
      const sql = dialect.select(filter(rows, eq(c(rows, 'name'), text(own(name)))), {});
      let value: string | undefined;
      for await (const batch of warehouse.read(sql))
        for (const row of batch.rows) value = String(row['value']);
      return value;
    },
    keep: async (name, value) => {
      const step = {
        id: 'sync.remember',
        title: 'remembering',
        op: 'merge',
        table: state.ref('meta'),
        query: values(STATE.meta, [[text(own(name)), text(value)]]),
        keys: ['name'],
        set: ['value'],
        insert: true,
      } as const;
      for (const { sql } of dialect.statements(step, {})) await warehouse.execute(sql);
    },
  };
}
