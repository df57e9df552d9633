/**
 * What `bench/delivery.ts` measures a sync against, each in a process of its own:
 *
 * - `copy <database> <file> text|json`: all that waits for the file, by the engine's own COPY: as the lines it is, or made JSON by it
 * - `loop <file of lines> <url> [gzip [level]]`: POSTs the lines in batches such as a sync's, one after another
 * - `server`: takes whatever is posted, and says how much that was at `/said`
 *
 * The first two print the seconds it took.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip, type ZlibOptions } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { Agent, request } from 'undici';

const [what, ...args] = process.argv.slice(2);
const BATCH = 2500;
const BYTES = 480 * 1024;

if (what === 'server') serve();
else console.log(what === 'copy' ? await copy(args) : await loop(args));

async function copy([database = '', file = '', form = '']: readonly string[]): Promise<number> {
  const instance = await DuckDBInstance.create(database, { memory_limit: '1GB' });
  const connection = await instance.connect();
  const options =
    form === 'json' ? 'FORMAT json' : `FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE ''`;
  const columns =
    form === 'json'
      ? 'message_id, definition_key, message_type, identifier_type, identifier, value, payload'
      : 'payload';
  const start = performance.now();
  await connection.run(`COPY (SELECT ${columns} FROM rollcall.outbox) TO '${file}' (${options})`);
  const seconds = (performance.now() - start) / 1000;
  connection.closeSync();
  instance.closeSync();
  return seconds;
}

async function loop([file = '', url = '', compressed = '', level]: readonly string[]): Promise<number> {
  const bodies = bodiesOf(readFileSync(file));
  const agent = new Agent();
  const squeeze = promisify<Buffer, ZlibOptions, Buffer>(gzip);
  const options = level === undefined ? {} : { level: Number(level) };
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'loop',
    authorization: 'Basic azo=',
    ...(compressed ? { 'content-encoding': 'gzip' } : {}),
  };
  const start = performance.now();
  for (const text of bodies) {
    const body = compressed ? await squeeze(text, options) : text;
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent });
    await answer.body.dump();
  }
  const seconds = (performance.now() - start) / 1000;
  await agent.destroy();
  return seconds;
}

/** The batches as bytes, ready before the clock is started. */
function bodiesOf(lines: Buffer): readonly Buffer[] {
  const bodies: Buffer[] = [];
  let batch: string[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (batch.length > 0)
      bodies.push(Buffer.from(`{"batch":[${batch.join(',')}],"sentAt":"2026-01-01T00:00:00.000Z"}`));
    batch = [];
    bytes = 0;
  };
  for (let from = 0; from < lines.length;) {
    const to = lines.indexOf(10, from);
    const size = to - from + 1;
    if (batch.length >= BATCH || bytes + size > BYTES) flush();
    batch.push(lines.toString('utf8', from, to));
    bytes += size;
    from = to + 1;
  }
  flush();
  return bodies;
}

function serve(): void {
  const said: Record<string, { requests: number; bytes: number }> = {};
  const server = createServer((request, response) => {
    if (request.url === '/said') {
      response.end(JSON.stringify(said));
      return;
    }
    const own = (said[request.url ?? ''] ??= { requests: 0, bytes: 0 });
    request.on('data', (part: Buffer) => (own.bytes += part.length));
    request.on('end', () => {
      own.requests++;
      response.setHeader('content-type', 'application/json');
      response.end('{"success":true}');
    });
  });
  server.listen(0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}
