/** A warehouse whose process dies at a place of a run, as by `kill -9`: nobody tidies up, nobody says goodbye. */
import { around, type CallOptions, type Warehouse } from '../../dialects/warehouse.js';

export interface Dying {
  /** Before, or after, what. */
  readonly when: 'before' | 'after';
  /** The first statement of a step whose name begins so. */
  readonly step: string;
  /** Not that statement but the commit that follows it. */
  readonly commit?: boolean;
}

export function dyingAt(warehouse: Warehouse, dying: Dying, die: () => void): Warehouse {
  let met = false;
  const meets = (options?: CallOptions): boolean => {
    const meeting = !met && options?.labels?.step?.startsWith(dying.step) === true;
    met ||= meeting;
    return meeting && !dying.commit;
  };
  return around(warehouse, {
    execute: async (sql, options) => {
      const here = meets(options);
      if (here && dying.when === 'before') die();
      const result = await warehouse.execute(sql, options);
      if (here) die();
      return result;
    },
    async *read(sql, options) {
      const here = meets(options);
      if (here && dying.when === 'before') die();
      yield* warehouse.read(sql, options);
      if (here) die();
    },
    commit: async () => {
      const here = met && dying.commit === true;
      if (here && dying.when === 'before') die();
      await warehouse.commit();
      if (here) die();
    },
  });
}
