/**
 * Rows of entities that definitions are asked for (SEMANTICS §7, "Entities"): which of them the members have, computed,
 * compared with what is published, and published, as members are.
 */
import { antiJoin, as, c, int, oneRow, param, pick, project, semiJoin } from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { scanSpec, staged, temporary } from './names.js';
import type { StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

/** What a row of a member is of. */
const ROW = ['definition_no', 'entity', 'profile_no', 'entity_id'] as const;
const COLUMNS: readonly Column[] = ROW.map((name) => ({
  name,
  type: name === 'entity' || name === 'entity_id' ? 'text' : 'int',
}));

const STAGE = temporary('stage_entities', COLUMNS);
const ENTERED = temporary('diff_entities_entered', COLUMNS);
const EXITED = temporary('diff_entities_exited', COLUMNS);

/** An empty stage of theirs. */
export const entityStageStep = (empty: Relation): Step => ({
  id: `stage.${STAGE.table.name}`,
  title: 'an empty stage of entities',
  op: 'replace',
  spec: STAGE,
  query: empty,
});

/** Their columns, for who makes an empty one. */
export const ENTITY_STAGE_COLUMNS = COLUMNS;

/**
 * Stages the rows of a definition's members, once these are staged.
 *
 * @param matches `profile_no`, `entity`, `entity_id`, of members and others
 */
export function stageEntities(key: string, definitionNo: number, matches: Relation): Step {
  const no = int(definitionNo);
  const theirs = semiJoin(matches, staged('audience', no), ['profile_no']);
  return {
    id: `compute.${key}.entities`,
    title: `${key}: entities of members`,
    definition: key,
    op: 'append',
    table: STAGE.table,
    temporary: true,
    query: project(theirs, [
      as('definition_no', no),
      ...ROW.slice(1).map((name) => as(name, c(theirs, name))),
    ]),
  };
}

/** Rows that this run found for a definition: `profile_no`, `entity`, `entity_id`. */
export const stagedEntities = (own: (rows: Relation) => Relation): Relation =>
  pick(own(scanSpec(STAGE)), ['profile_no', 'entity', 'entity_id']);

/**
 * What publishing does for them: all rows of what was computed, also of entities that nobody asks for any more.
 *
 * @param ofComputed of rows those of definitions that were computed
 */
export function entityPublishing(
  schema: StateSchema,
  ofComputed: (rows: Relation) => Relation,
): { readonly diff: readonly Step[]; readonly apply: readonly Step[] } {
  const state = schema.scan('entity_state');
  const stage = scanSpec(STAGE);
  const [entered, exited] = [scanSpec(ENTERED), scanSpec(EXITED)];
  const step = (id: string, title: string, op: StepOp): Step => ({
    id: `publish.entities.${id}`,
    title,
    ...op,
  });
  return {
    diff: [
      step('entered', 'entities that entered', {
        op: 'replace',
        spec: ENTERED,
        query: antiJoin(ofComputed(stage), state, ROW),
      }),
      step('exited', 'entities that exited', {
        op: 'replace',
        spec: EXITED,
        query: pick(antiJoin(ofComputed(state), stage, ROW), ROW),
      }),
    ],
    apply: [
      step('leave', 'entities leaving', {
        op: 'delete',
        table: schema.ref('entity_state'),
        query: exited,
        keys: ROW,
      }),
      step('enter', 'entities entering', {
        op: 'append',
        table: schema.ref('entity_state'),
        query: project(entered, [
          ...ROW.map((name) => as(name, c(entered, name))),
          as('entered_at', AS_OF),
          as('run_no', param('run_no', 'int')),
        ]),
      }),
    ],
  };
}

/** Forgets those of a definition that was removed. */
export const forgetEntities = (schema: StateSchema, no: Expr): StepOp => ({
  op: 'delete',
  table: schema.ref('entity_state'),
  query: oneRow([as('definition_no', no)]),
  keys: ['definition_no'],
});
