/** A server on this machine that takes whatever is meant for any host: what Segment's actions send is real HTTP, to here. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { globalAgent, type Agent } from 'node:https';
import { connect, type AddressInfo } from 'node:net';

export interface Asked {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface AnyHost extends AsyncDisposable {
  readonly asked: readonly Asked[];
}

/** Connections that would go anywhere by TLS come here instead, until it is disposed of. */
export async function anyHost(
  answer: (asked: Asked) => Answer | undefined = () => undefined,
): Promise<AnyHost> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const text = Buffer.concat(parts).toString('utf8');
      const { host = '' } = request.headers;
      const { method = '', url: path = '', headers } = request;
      const one = { host, method, path, headers, text, json: parsed(text) };
      asked.push(one);
      const { status = 200, headers: more = {}, body = {} } = answer(one) ?? {};
      response.writeHead(status, { 'content-type': 'application/json', ...more });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = globalAgent as Agent & { createConnection: unknown };
  const before = agent.createConnection;
  agent.createConnection = () => connect(port, '127.0.0.1');
  return {
    asked,
    [Symbol.asyncDispose]: async () => {
      agent.createConnection = before;
      agent.destroy(); // connections that are kept lead here
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
