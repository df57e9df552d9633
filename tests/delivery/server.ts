import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly ids: readonly string[];
  readonly body: { readonly batch: readonly Record<string, unknown>[] };
  readonly path: string;
  /** The body as it came, decompressed. */
  readonly text: string;
  /** Milliseconds since the server started. */
  readonly at: number;
}

/** What the server does with one request: a status, or something worse. */
export type Fault = (response: ServerResponse, request: Received) => void;

export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Received[];
  /** Message ids of requests answered with a status below 300, in order. */
  readonly accepted: readonly string[];
}

/** One that leaves the nth request without an answer, upon which somebody asks to stop: `signal` tells a sync so. */
export async function stoppingServer(nth: number): Promise<FaultyServer & { readonly signal: AbortSignal }> {
  const abort = new AbortController();
  const server = await faultyServer((n) => {
    if (n !== nth) return undefined;
    setTimeout(() => abort.abort(new Error('interrupted')), 30);
    return silent;
  });
  return { ...server, signal: abort.signal };
}

/** An HTTP server that answers the nth request as `plan(n, request)` says; `undefined` is 200. */
export async function faultyServer(
  plan: (n: number, request: Received) => Fault | undefined = () => undefined,
): Promise<FaultyServer> {
  const requests: Received[] = [];
  const accepted: string[] = [];
  const started = performance.now();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request);
    const body = JSON.parse(text) as Received['body'];
    const all = Array.isArray(body.batch) ? body.batch : [body as unknown as Record<string, unknown>];
    const ids = all.map((m) => String(m['messageId']));
    const at = performance.now() - started;
    const received = { headers: request.headers, path: request.url ?? '', ids, body, text, at };
    requests.push(received);
    const fault = plan(requests.length, received) ?? status(200);
    response.on('finish', () => {
      if (response.statusCode < 300) accepted.push(...ids);
    });
    fault(response, received);
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    requests,
    accepted,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Fault =>
  (response) =>
    response.writeHead(code, headers).end(body);

/** Takes the request and hangs up. */
export const reset: Fault = (response) => response.destroy();

/** Never answers. */
export const silent: Fault = () => undefined;

export const slow =
  (ms: number): Fault =>
  (response) =>
    void setTimeout(() => response.writeHead(200).end(), ms);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const body = Buffer.concat(parts);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}
