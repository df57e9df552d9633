/** The read copy: what analysts read of a schema, in a file of its own, where the target names one. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import { STATE, type StateTable } from '../compiler/program/state.js';
import type { Step } from '../compiler/program/types.js';
import { audienceViews, audienceViewName, contractViews } from '../compiler/program/views.js';
import { readState } from './existing.js';
import { renderStep } from './render.js';
import type { Session } from './session.js';

/** Tables as they are, of those in the contract and those that its views read. */
const TABLES: readonly StateTable[] = [
  'runs', 'run_steps', 'definitions', 'snapshots', 'sent', 'outbox', 'deliveries', 'sent_entities',
  'member_state', 'exit_state', 'trait_state', 'entity_state', 'profiles', 'subjects',
]; // prettier-ignore

/** Of the map of identifiers, what names profiles. */
const NAMES = ['subject_no', 'identifier_type', 'identifier'];

/**
 * Writes the read copy, where the target has one. What was published stays published: a failure is a diagnostic, and the
 * copy there was stays.
 */
export async function refreshReadCopy(session: Session): Promise<readonly Diagnostic[]> {
  const { warehouse } = session;
  if (!warehouse.readCopy) return [];
  try {
    const steps = await stepsOf(session);
    await warehouse.readCopy(session.state.schema, async (catalog) => {
      // One transaction: the state of one moment, in few writes.
      await warehouse.begin();
      try {
        for (const step of steps(catalog)) {
          for (const { sql } of renderStep(session.dialect, step).statements) {
            await warehouse.execute(sql, { labels: { step: step.id } });
          }
        }
        await warehouse.commit();
      } catch (error) {
        await warehouse.rollback().catch(() => undefined);
        throw error;
      }
    });
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      {
        code: 'read-copy-failed',
        severity: 'error',
        message: `the read copy was not written: ${reason}`,
        hint: 'what was published is; the next run writes it again',
      },
    ];
  }
}

async function stepsOf(session: Session): Promise<(catalog: string) => readonly Step[]> {
  const { state } = session;
  const stored = await readState(session);
  const keys = [...stored.definitions.values()].map(({ key }) => key);
  const audiences = keys.filter((key) => stored.existing.tables.has(audienceViewName(key)));
  const views = [...contractViews(state), ...audienceViews(state, audiences)];
  return (catalog) => [
    ...TABLES.map((table): Step => {
      const columns =
        table === 'subjects' ? STATE[table].filter(({ name }) => NAMES.includes(name)) : STATE[table];
      const query = ir.pick(
        state.scan(table),
        columns.map(({ name }) => name),
      );
      const spec = { table: { ...state.ref(table), catalog }, columns };
      return { id: `read_copy.${table}`, title: `read copy: ${table}`, op: 'replace', spec, query };
    }),
    {
      id: 'read_copy.views',
      title: 'read copy: views',
      op: 'views',
      views: views.map(({ view, query }) => ({ view: { ...view, catalog }, query })),
    },
  ];
}
