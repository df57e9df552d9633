/** What a destination has to know again at the next sync, such as what an audience is called over there: rows of `meta`. */
import { c, eq, filter, text, values } from '../compiler/ir/build.js';
import { STATE } from '../compiler/program/state.js';
import type { Memory } from './destination.js';
import { perform, rowsOf, type Site } from './site.js';

/** Names are of one destination: another has its own. */
export function memoryOf(site: Site, destination: string): Memory {
  const { state } = site;
  const own = (name: string): string => `destination ${destination} ${name}`;
  return {
    recall: async (name) => {
      const rows = state.scan('meta');
      const [row] = await rowsOf(site, filter(rows, eq(c(rows, 'name'), text(own(name)))));
      return row && String(row['value']);
    },
    keep: (name, value) =>
      perform(site, {
        op: 'merge',
        table: state.ref('meta'),
        query: values(STATE.meta, [[text(own(name)), text(value)]]),
        keys: ['name'],
        set: ['value'],
        insert: true,
      }),
  };
}
