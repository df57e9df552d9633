/**
 * The other side of the soak, as a process of its own: an HTTP server that fails in every way, by chance. What it took is a line a
 * message in a file, written before it answers: it may be killed at any moment.
 */
import { appendFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';

interface Told {
  readonly port: number;
  readonly taken: string;
  readonly faults: string;
  readonly seed: number;
}
const { port, taken, faults, seed } = JSON.parse(process.env['ROLLCALL_SOAK'] ?? '') as Told;

let state = seed >>> 0;
/** A number from 0 to 1 (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

type Answer = (response: ServerResponse, take: () => void) => void;
const FAULTS: readonly (readonly [name: string, share: number, answer: Answer])[] = [
  ['429', 0.02, (response) => response.writeHead(429).end()],
  ['429 with Retry-After', 0.02, (response) => response.writeHead(429, { 'retry-after': '0.02' }).end()],
  ['500', 0.02, (response) => response.writeHead(500).end('{"error":')],
  ['hung up before the answer', 0.01, (response) => response.destroy()],
  ['answer lost', 0.02, (response, take) => (take(), response.destroy())],
  [
    'hung up in mid-answer',
    0.01,
    (response, take) => {
      take();
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"succ');
      setTimeout(() => response.destroy(), 2);
    },
  ],
  ['taken twice', 0.01, (response, take) => (take(), take(), response.end('{}'))],
  ['wrong JSON', 0.02, (response, take) => (take(), response.end('<html>'))],
  ['slow', 0.02, (response, take) => void setTimeout(() => (take(), response.end('{}')), 100)],
];

createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('error', () => undefined);
  request.on('end', () => {
    const { batch } = JSON.parse(Buffer.concat(parts).toString()) as { batch: { messageId: string }[] };
    const take = (): void => appendFileSync(taken, batch.map(({ messageId }) => `${messageId}\n`).join(''));
    let chance = random();
    const fault = FAULTS.find(([, share]) => (chance -= share) < 0);
    if (!fault) {
      take();
      response.end('{}');
      return;
    }
    appendFileSync(faults, `${fault[0]}\n`);
    fault[2](response, take);
  });
}).listen(port, '127.0.0.1', () => process.send?.('ready'));
