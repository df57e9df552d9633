/**
 * Passwords of whoever keeps them in `.pgpass`, as libpq reads it: the first line that fits counts, and a file that others may read
 * is left out. The driver's own way takes the last line that fits, and is to go.
 */
import { readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What a server is asked for; what is absent is as the driver has it. */
export interface Asked {
  readonly host: string | undefined;
  readonly port: number;
  readonly database: string | undefined;
  readonly user: string | undefined;
}

/** A server wants a password, and nobody gave one; the text says why not, where the file is there. */
export class NoPassword extends Error {
  readonly code = '28P01';
}

/**
 * The password of a server, once it asks for one.
 *
 * @throws NoPassword where the file has none, or has to be left out
 */
export async function passwordFor(asked: Asked): Promise<string> {
  const { env } = process;
  const file = env['PGPASSFILE'] ?? (windows ? join(env['APPDATA'] ?? '', 'postgresql', 'pgpass.conf') : join(homedir(), '.pgpass')); // prettier-ignore
  const known = await stat(file).catch(() => undefined);
  if (!known) throw new NoPassword('the server asks for a password, and there is none');
  const why = leftOut(known);
  if (why !== undefined)
    throw new NoPassword(`the server asks for a password, and the password file ${file} ${why}`);
  const user = asked.user ?? userInfo().username;
  const host = asked.host === undefined || asked.host.startsWith('/') ? 'localhost' : asked.host;
  const wanted = [host, String(asked.port), asked.database ?? user, user];
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => !line.startsWith('#'));
  const fitting = lines.map(fieldsOf).find((fields) => fits(fields, wanted, asked.host));
  const password = fitting?.[wanted.length];
  if (password === undefined || password === '')
    throw new NoPassword(
      `the server asks for a password, and the password file ${file} has none for ${wanted.join(':')}`,
    );
  return password;
}

const windows = process.platform === 'win32';

/** Rights of the group and of all others. */
const OTHERS = 0o077;

function leftOut(known: { readonly mode: number; isFile(): boolean }): string | undefined {
  if (!known.isFile()) return 'is no plain file';
  if (!windows && (known.mode & OTHERS) !== 0)
    return 'is left out, as group or others may use it: let its mode be 0600';
  return undefined;
}

/** A socket's directory may stand for its host, too. */
const fits = (fields: readonly string[], wanted: readonly string[], host: string | undefined): boolean =>
  fields.length > wanted.length &&
  wanted.every((name, i) => fields[i] === '*' || fields[i] === name || (i === 0 && fields[i] === host));

/** What colons separate; a backslash makes what follows it ordinary. */
function fieldsOf(line: string): readonly string[] {
  const fields = [''];
  for (const [part] of line.matchAll(/\\[^]|[^]/g)) {
    if (part === ':') fields.push('');
    else fields[fields.length - 1] += part.length > 1 ? part.slice(1) : part;
  }
  return fields;
}
