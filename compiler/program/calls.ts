import type { BoundSource } from '../bind/index.js';
import type { ValueColumn } from '../bind/types.js';
import { as, c, call, filter, project, text, union, values } from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { scanSpec } from './names.js';
import type { TableSpec } from './types.js';

/**
 * Landed calls that carry traits, of all sources up to `as_of`: `profile_no`, `timestamp`, `message_id`, the source they
 * came from (`origin`), what stands beside, then the mentions asked for.
 *
 * @param factsOf where a source's calls landed; undefined: it has none
 */
export function landedCalls(
  sources: readonly BoundSource[],
  factsOf: (source: BoundSource) => TableSpec | undefined,
  beside: readonly Column[],
  columns: readonly ValueColumn[],
): Relation {
  const own: readonly Column[] = [
    { name: 'profile_no', type: 'int' },
    { name: 'timestamp', type: 'timestamp' },
    { name: 'message_id', type: 'text' },
    { name: 'origin', type: 'text' },
    ...beside,
    ...columns.map(({ name }): Column => ({ name, type: 'json' })),
  ];
  const parts = sources.flatMap((source) => {
    const spec = factsOf(source);
    if (!spec) return [];
    const facts = scanSpec(spec);
    const past = filter(facts, call('le', c(facts, 'timestamp'), AS_OF));
    return [
      project(
        past,
        own.map(({ name }) => as(name, name === 'origin' ? text(source.name) : c(past, name))),
      ),
    ];
  });
  return parts.length > 0 ? union(parts) : values(own, []);
}
