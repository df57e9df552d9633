/** A network between a client and a server of this machine, that does what networks do. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `cut` ends the connection then and there; `deaf` when the server, which hears it, answers. */
export type Fate = undefined | 'cut' | 'deaf';

/** Sees what the client says before the server does. */
export type Watch = (said: string) => Fate | Promise<Fate>;

export interface Proxy {
  readonly port: number;
  watch: Watch;
  /** Nobody gets through any more. */
  down: boolean;
  close(): Promise<void>;
}

export async function proxyTo(port: number, host = '127.0.0.1'): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const there = connect(port, host);
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    const cut = (): void => {
      client.resetAndDestroy();
      there.destroy();
    };
    if (proxy.down) return cut();
    let turn: Promise<void> = Promise.resolve();
    client.on('data', (chunk) => {
      turn = turn.then(async () => {
        const fate = await proxy.watch(chunk.toString('latin1'));
        if (fate === 'deaf') there.removeAllListeners('data').once('data', cut);
        if (fate === 'cut') cut();
        else if (!there.destroyed) there.write(chunk);
      });
    });
    there.on('data', (chunk) => void (client.destroyed || client.write(chunk)));
    client.on('close', () => there.destroy());
    there.on('close', () => client.destroy());
  });
  const proxy: Proxy = {
    port: 0,
    watch: () => undefined,
    down: false,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { port: (server.address() as AddressInfo).port });
}
