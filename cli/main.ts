#!/usr/bin/env node
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

process.exitCode = await main(process.argv.slice(2), processIo(abort.signal));
