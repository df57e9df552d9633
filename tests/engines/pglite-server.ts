/** PGlite behind PostgreSQL's own protocol on a port of this machine, so that the product's driver talks to it. */
import { createServer, type Server, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';

export interface PgliteServer {
  readonly port: number;
  close(): Promise<void>;
}

const SSL_REQUEST = 80_877_103;
const CANCEL_REQUEST = 80_877_102;

/** One connection at a time has the database; the others wait for it to end. */
export async function servePglite(): Promise<PgliteServer> {
  const database = await PGlite.create();
  let turn: Promise<void> = Promise.resolve();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const mine = turn;
    const ended = new Promise<void>((resolve) =>
      socket.once('close', () => {
        sockets.delete(socket);
        resolve();
      }),
    );
    turn = mine.then(() => ended).then(() => reset(database));
    converse(socket, mine, database);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

/** What a session leaves behind, as there is but one for all connections. */
async function reset(database: PGlite): Promise<void> {
  await database.exec('rollback').catch(() => undefined);
  await database.exec('discard all').catch(() => undefined);
}

/** Cuts what arrives into messages, and answers each after the one before. */
function converse(socket: Socket, mine: Promise<void>, database: PGlite): void {
  let pending = Buffer.alloc(0);
  let started = false;
  let work = mine;
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const header = started ? 1 : 0;
      if (pending.length < header + 4) return;
      const length = header + pending.readUInt32BE(header);
      if (pending.length < length) return;
      const message = pending.subarray(0, length);
      pending = pending.subarray(length);
      if (!started) {
        const code = message.readUInt32BE(4);
        if (code === SSL_REQUEST) {
          socket.write('N');
          continue;
        }
        if (code === CANCEL_REQUEST) {
          socket.end();
          return;
        }
        started = true;
      } else if (message[0] === 0x58) {
        socket.end(); // Terminate
        return;
      }
      work = work.then(async () => {
        if (socket.destroyed) return;
        const answer = await database.execProtocolRaw(message);
        if (!socket.destroyed) socket.write(answer);
      });
      work.catch(() => socket.destroy());
    }
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
