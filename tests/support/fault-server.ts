/** An HTTP service that answers as it is told: the errors that a cloud's documentation lists, which no emulator gives. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** An answer, or no answer: the connection is cut. */
export type Answer = { readonly status?: number; readonly json: unknown } | 'cut';

export interface FaultServer {
  readonly port: number;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** A service on a port of this machine; `answer` is called for each request, in their order. */
export async function faultServer(answer: (asked: Asked) => Answer): Promise<FaultServer> {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      const one = { method: request.method ?? '', path: request.url ?? '', body };
      asked.push(one);
      const told = answer(one);
      if (told === 'cut') {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(told.status ?? 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(told.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
