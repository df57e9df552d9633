/**
 * State that was meddled with, or is another project's: said before anything is written. What can be made anew of the sources is
 * (`REBUILT`); the rest is remembered nowhere else, so it is refused.
 */
import { UserError } from '../compiler/diagnostics/index.js';
import { FORGOTTEN_SALT } from '../compiler/program/forgotten.js';
import { LAYOUT_VERSION, PROJECT, REBUILT, STATE, type StateTable } from '../compiler/program/state.js';
import type { Row } from '../dialects/warehouse.js';

/** Tables there were from the beginning: one that is missing beside the others was dropped. */
const CORE: readonly StateTable[] = [
  'meta',
  'runs',
  'run_steps',
  'definitions',
  'snapshots',
  'sent',
  'outbox',
  'deliveries',
  'member_state',
  'exit_state',
  'trait_state',
  'subjects',
];

/** Columns that a table may do without: the earliest had none of these, and what is written is cut down to what there is. */
const LATER: { readonly [table in StateTable]?: readonly string[] } = {
  run_steps: ['rows_read', 'bytes', 'duration_ms', 'retries'],
};

const RESTORE = 'restore it from a backup, or drop the schema and run again: then nothing is remembered';

interface Schema {
  /** The project's schema. */
  readonly name: string;
  /** Tables and views in it, with their columns. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Whether a run has begun in it: all tables are there before it says so. A process that died earlier may have made some. */
  readonly begun: boolean;
}

/**
 * Refuses a schema whose tables are not what was made: some were dropped, or lack a column. Columns that were added are
 * nobody's concern.
 *
 * @returns tables that have to be made anew, as they are not there or not whole
 */
export function checkTables({ name: schema, tables, begun }: Schema): readonly (typeof REBUILT)[number][] {
  if (!begun) return [];
  const lacking = (table: StateTable): readonly string[] => {
    const present = tables.get(table);
    const needed = STATE[table].map((x) => x.name).filter((name) => !LATER[table]?.includes(name));
    return present ? needed.filter((name) => !present.includes(name)) : [];
  };
  const problems = (Object.keys(STATE) as StateTable[]).flatMap((table) => {
    if (CORE.includes(table) && !tables.has(table)) return [`there is no table ${schema}.${table}`];
    const columns = isRebuilt(table) || table === 'profiles' ? [] : lacking(table);
    return columns.length === 0 ? [] : [`table ${schema}.${table} lacks ${columns.join(', ')}`];
  });
  if (problems.length > 0) throw damaged(problems.join('; '));
  return REBUILT.filter((table) => !tables.has(table) || lacking(table).length > 0);
}

const isRebuilt = (table: StateTable): boolean => (REBUILT as readonly StateTable[]).includes(table);

interface Contents {
  readonly schema: string;
  readonly project: string;
  readonly tables: Schema['tables'];
  readonly meta: ReadonlyMap<string, string>;
  /** Rows of `definitions`. */
  readonly definitions: readonly Row[];
}

/** Refuses rows that no run writes, and those of another project. */
export function checkContents({ schema, project, tables, meta, definitions }: Contents): void {
  const layout = meta.get('layout_version');
  if (layout === undefined ? definitions.length > 0 : !/^\d+$/.test(layout) || Number(layout) < 1)
    throw damaged(`${schema}.meta says of its layout ${JSON.stringify(layout ?? null)}`);
  if (Number(layout) > LAYOUT_VERSION) return;
  const owner = meta.get(PROJECT);
  if (owner !== undefined && owner !== project) throw foreign(schema, owner, project);
  if (meta.has(FORGOTTEN_SALT) && !tables.has('forgotten'))
    throw damaged(`there is no table ${schema}.forgotten, and people were forgotten`);
  for (const column of ['key', 'definition_no'] as const) {
    const values = definitions.map((row) => row[column]);
    if (values.some((value) => value === null))
      throw damaged(`${schema}.definitions has a row without ${column}`);
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined) throw damaged(`${schema}.definitions has ${column} ${String(twice)} twice`);
  }
}

const damaged = (message: string): UserError =>
  new UserError({ code: 'state-damaged', severity: 'error', message, hint: RESTORE });

const foreign = (schema: string, owner: string, project: string): UserError =>
  new UserError({
    code: 'foreign-state',
    severity: 'error',
    message: `schema ${schema} holds the state of project ${JSON.stringify(owner)}, and this is ${JSON.stringify(project)}`,
    hint: `give the target another "schema"; if the project was renamed, say so: the row "${PROJECT}" of ${schema}.meta`,
  });
