/** Progress on standard error: a live list on a terminal, plain lines elsewhere, JSON lines for machines. */
import type { Context } from '../context.js';
import { LineProgress } from './lines.js';
import type { Progress } from './progress.js';

export { SILENT, type Progress } from './progress.js';

/** The progress that suits where standard error goes. */
export async function progressFor(context: Context): Promise<Progress> {
  const { io, globals } = context;
  if (globals.logFormat === 'json') {
    const { LogProgress } = await import('./log.js');
    return new LogProgress(io);
  }
  if (io.stderr.isTTY === true && io.env['CI'] === undefined && io.env['TERM'] !== 'dumb') {
    const { LiveProgress } = await import('./live.js');
    return new LiveProgress(io.stderr as unknown as NodeJS.WriteStream);
  }
  return new LineProgress(context);
}
