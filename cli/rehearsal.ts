/** `sync --dry-run`, for people and as JSON. */
import { rehearse, type Rehearsal } from '../delivery/index.js';
import { withSession } from '../runtime/index.js';
import { problemsJson, type Context, type Loaded } from './context.js';
import { count, duration, right, table } from './output.js';
import { deliveryOf, type Chosen } from './sync.js';

/** Looks at what a sync would send; reads the warehouse, and changes nothing anywhere. */
export async function rehearseProject(context: Context, loaded: Loaded, select: Chosen): Promise<Rehearsal> {
  return withSession(context.runtime(loaded), { mode: 'read' }, (session) =>
    rehearse(deliveryOf(context, session, select)),
  );
}

/** Prints it; gives the exit code: 1 where a destination could not be opened. */
export async function printRehearsal(context: Context, rehearsal: Rehearsal): Promise<number> {
  const { destinations, diagnostics } = rehearsal;
  if (context.json) await context.document({ ...rehearsal, diagnostics: problemsJson(diagnostics) });
  const paint = context.printPaint;
  const kinds = destinations.flatMap(({ key, messages }) =>
    messages.map(({ definition, type, messages: n }) => [key, definition, type, count(n)]),
  );
  if (kinds.length > 0)
    await context.print(
      table(
        paint,
        [{ title: 'destination' }, { title: 'definition' }, { title: 'type' }, right('messages')],
        kinds,
      ),
    );
  const rows = destinations.map((d) => [
    d.key,
    d.type,
    d.status === 'succeeded' ? paint.green('would be sent') : paint.dim(d.status),
    d.waiting === 0 ? '·' : count(d.waiting),
    d.requests === 0 ? '·' : count(d.requests),
    d.seconds === null ? '·' : duration(d.seconds * 1000),
    d.where ?? '',
  ]);
  const columns = [
    { title: 'destination' }, { title: 'type' }, { title: 'status' }, right('waiting'), right('requests'), right('at least'), { title: 'where' },
  ]; // prettier-ignore
  await context.print(`\n${table(paint, columns, rows)}`);
  context.report(diagnostics);
  return diagnostics.length > 0 ? 1 : 0;
}
