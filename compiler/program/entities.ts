/** Entities' rows as a run reads them: each table once, with all that the definitions computed ask of it. */
import { ENTITY_ID, type BoundEntity, type Entities } from '../bind/entity.js';
import type { EntityNeeds } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { as, c, call, caseWhen, filter, join, or, pick, project, text } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { entityRows } from './names.js';
import type { StateSchema } from './state.js';
import type { Step } from './types.js';

/** Reads the entities that are needed into temporary tables, after identity. */
export function entitySteps(
  schema: StateSchema,
  entities: Entities,
  needs: readonly EntityNeeds[],
): readonly Step[] {
  return needs.map((own): Step => {
    const entity = entities.get(own.entity);
    if (!entity) throw new CompilerBug(`no entity ${own.entity}`);
    return {
      id: `shared.entity.${own.entity}`,
      title: `rows of ${own.entity}`,
      op: 'replace',
      spec: entityRows(own),
      query: rowsOf(schema, entity, own),
    };
  });
}

/** Identifiers of users, in the order in which a row's owner is asked for: as with messages, a user id comes first. */
const OF_USERS = ['user_id', 'anonymous_id'] as const;

function rowsOf(schema: StateSchema, entity: BoundEntity, needs: EntityNeeds): Relation {
  const { byProfile, byAccount, nested, joins, columns } = needs;
  const types = byProfile ? OF_USERS.filter((type) => entity.identifiers.includes(type)) : [];
  const accounts = byAccount ? (['group_id'] as const) : [];
  const rows = entity.rows({ identifiers: [...types, ...accounts], joins, columns });
  const owned = types.reduce<Relation>(
    (left, type) => join('left', left, subjects(schema, type), [type]),
    rows,
  );
  const owners = [...(byProfile ? [as('profile_no', profileOf(owned, types))] : [])];
  const kept = [...accounts, ENTITY_ID, ...joins.map((x) => x.name), ...columns.map((x) => x.name)];
  const made = project(owned, [...owners, ...kept.map((name) => as(name, c(owned, name)))]);
  if (nested) return made;
  const names = [...(byProfile ? ['profile_no'] : []), ...accounts];
  return filter(made, or(...names.map((name) => call('is_not_null', c(made, name)))));
}

/** A row of a user who never appeared is nobody's, whatever anonymous id it has. */
const profileOf = (rows: Relation, types: readonly (typeof OF_USERS)[number][]): Expr =>
  caseWhen(
    types.map((type) => ({ when: call('is_not_null', c(rows, type)), then: c(rows, profileNo(type)) })),
  );

const profileNo = (type: string): string => `${type}_profile_no`;

function subjects(schema: StateSchema, type: (typeof OF_USERS)[number]): Relation {
  const all = schema.scan('subjects');
  const own = filter(all, call('eq', c(all, 'identifier_type'), text(type)));
  return pick(own, [
    ['identifier', type],
    ['profile_no', profileNo(type)],
  ]);
}
