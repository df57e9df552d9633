#!/usr/bin/env node
import './tiering.js'; // before anything else runs
import { main } from './program.js';
import { processIo } from './io.js';

// A reader that has seen enough (`rollcall members big | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const abort = new AbortController();
const interrupt = (): void => {
  if (abort.signal.aborted) process.exit(130); // asked twice: now
  abort.abort(new Error('interrupted'));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);

// What packages say of themselves is for us, not for users: node --trace-warnings shows it.
const traced = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((o) =>
  /--trace-warnings/.test(o),
);
if (!traced) process.removeAllListeners('warning');

process.exitCode = await main(process.argv.slice(2), processIo(abort.signal));
// A driver whose service does not answer keeps its connection open; all there is to say has been said.
setTimeout(() => process.stdout.writableLength === 0 && process.exit(), 3000).unref();
