/** A client that is connected: by the ways the settings name, in their order, each where the one before was refused. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Client } from 'pg';
import { codeOf, messageOf } from './error-codes.js';
import { BothRefused } from './errors.js';
import type { PostgresSettings } from './settings.js';
import { isTlsFailure, refusesOurs, saysNoTls } from './tls-errors.js';
import type { Way } from './tls.js';

interface Failure {
  readonly way: Way;
  readonly error: unknown;
}

export interface Connected {
  readonly client: Client;
  readonly way: Way;
}

/** Connects; what it throws is of the last way, or says what became of each. */
export async function connected(settings: PostgresSettings, applicationName: string): Promise<Connected> {
  const failures: Failure[] = [];
  for (const way of settings.tls) {
    try {
      return { client: await by(way, settings, applicationName), way };
    } catch (error) {
      failures.push({ way, error });
      if (!mayGoOtherwise(error)) break;
    }
  }
  throw together(failures);
}

/** As in libpq: no TLS, a handshake that failed, or somebody whom pg_hba.conf does not let in this way. */
const mayGoOtherwise = (error: unknown): boolean =>
  saysNoTls(error) || (isTlsFailure(error) && !refusesOurs(error)) || codeOf(error) === '28000';

async function by(way: Way, settings: PostgresSettings, applicationName: string): Promise<Client> {
  const { default: pg } = await import('pg');
  const { config, bound } = settings;
  if (bound && way === false) throw new Unbound('the connection is without TLS');
  const given = config.password;
  let binds = false;
  const password = async (): Promise<string> => {
    if (!binds) throw new Unbound('the server asks for a password without it');
    return typeof given === 'function' ? given() : (given ?? '');
  };
  const client = new pg.Client({
    ...config,
    ...(bound && { password, enableChannelBinding: true }),
    ssl: way,
    application_name: applicationName,
  });
  if (bound) {
    // Heard before the client itself, which then asks for the password.
    inner(client).on('authenticationSASL', ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
      binds = mechanisms.includes('SCRAM-SHA-256-PLUS');
    });
  }
  try {
    await client.connect();
    if (bound && !binds) throw new Unbound('the server lets us in without it');
    return client;
  } catch (error) {
    // A goodbye may never be answered: the end of a TLS socket that the server's alert has closed is not told to the driver.
    client.on('error', () => undefined);
    inner(client).stream.destroy();
    throw error;
  }
}

/** What the driver's types keep to themselves. */
const inner = (client: Client): EventEmitter & { readonly stream: Socket } =>
  (client as unknown as { readonly connection: EventEmitter & { readonly stream: Socket } }).connection;

/** `TLSv1.3`, and whether the server had to show who it is. */
export function safetyOf({ client, way }: Connected): string {
  const { stream } = inner(client);
  if (way === false || !(stream instanceof TLSSocket)) return 'without TLS';
  const checked = way.rejectUnauthorized === true ? 'checked' : 'not checked';
  return `${stream.getProtocol() ?? 'TLS'}, the server's certificate ${checked}`;
}

/** `channel_binding=require`, and there is none. */
class Unbound extends Error {
  constructor(why: string) {
    super(`"channel_binding" is require, and ${why}`);
  }
}

/** That a server has no TLS is worth no word where it was asked again without. */
function together(failures: readonly Failure[]): unknown {
  const told = failures.length > 1 ? failures.filter(({ error }) => !saysNoTls(error)) : failures;
  const [first, last] = [told[0], told.at(-1)];
  if (!first || !last || messageOf(first.error) === messageOf(last.error)) return last?.error;
  const [withTls, without] = first.way === false ? [last, first] : [first, last];
  return new BothRefused(withTls.error, without.error);
}
