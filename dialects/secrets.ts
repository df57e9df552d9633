/**
 * Keeps secrets of a target out of messages, logs and tables. A driver's error may quote the address it was given,
 * a server's the password it did not like; whatever they say passes here before anybody sees it.
 */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { around, type Warehouse } from './warehouse.js';

/** Settings that hold a secret, by their name. */
const SECRET = /pass(word|wd|phrase|code)?$|secret|token|private_?key|api_?key|credential|^(pwd|key|auth)$/i;
/** Settings that may hold one among other things. */
const ADDRESS = /url|uri|dsn|connection/i;

/** Shorter values are no secrets, and hiding them would maim the text. */
const SHORTEST = 4;

export type Hide = (text: string) => string;

/**
 * What must not be shown of a target's settings: values of those that are secret by their name, whole and word by
 * word (`Bearer …`), those nested in them, and the password of an address.
 */
export function secretsIn(settings: unknown, isSecret = false): readonly string[] {
  if (typeof settings === 'string') return isSecret ? [settings, ...settings.split(/\s+/)] : [];
  if (typeof settings === 'number' && isSecret) return [String(settings)];
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    const own = secretsIn(value, isSecret || SECRET.test(name));
    return typeof value === 'string' && ADDRESS.test(name) ? [...own, ...passwordsIn(value)] : own;
  });
}

/** Passwords of an address (`postgres://user:password@host`, `…?password=…`) or of words (`host=… password=…`). */
function passwordsIn(address: string): string[] {
  const found = [
    /^[^:/?#]+:\/\/[^:@/?#]*:([^@]*)@/.exec(address)?.[1],
    ...[...address.matchAll(/(?:^|[\s?&;])(\w+)\s*=\s*('[^']*'|[^\s&;]+)/g)]
      .filter(([, name = '']) => SECRET.test(name))
      .map(([, , value = '']) => value.replace(/^'|'$/g, '')),
  ];
  return found.filter((text) => text !== undefined);
}

/** Hides values wherever they stand in a text, as they are or as an address or JSON spells them. */
export function hiding(secrets: readonly string[]): Hide {
  const forms = secrets.flatMap((s) => [
    s,
    decoded(s),
    encodeURIComponent(s),
    JSON.stringify(s).slice(1, -1),
  ]);
  const hidden = [...new Set(forms)].filter((s) => s.length >= SHORTEST).sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An error without secrets, its causes included: the same one, but for a `UserError`, which is made anew. */
export function withoutSecrets(error: unknown, hide: Hide): unknown {
  if (error instanceof UserError) {
    const clean = (d: Diagnostic): Diagnostic => ({
      ...d,
      message: hide(d.message),
      ...(d.hint !== undefined && { hint: hide(d.hint) }),
    });
    return new UserError(error.diagnostics.map(clean), error.exit, {
      cause: withoutSecrets(error.cause, hide),
    });
  }
  if (!(error instanceof Error)) return typeof error === 'string' ? hide(error) : error;
  const { message, stack = '', cause } = error;
  // Not all errors let themselves be written to, and most have nothing to hide.
  if (hide(message) !== message) error.message = hide(message);
  if (hide(stack) !== stack) error.stack = hide(stack);
  if (cause !== undefined) error.cause = withoutSecrets(cause, hide);
  return error;
}

/** The warehouse, saying nothing of its secrets when something fails. */
export function discreet(w: Warehouse, hide: Hide): Warehouse {
  const quietly = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw withoutSecrets(error, hide);
    }
  };
  return around(w, {
    execute: (sql, options) => quietly(() => w.execute(sql, options)),
    async *read(sql, options) {
      try {
        yield* w.read(sql, options);
      } catch (error) {
        throw withoutSecrets(error, hide);
      }
    },
    describeSchema: (schema, options) => quietly(() => w.describeSchema(schema, options)),
    describeTable: (table, options) => quietly(() => w.describeTable(table, options)),
    describeQuery: (sql, options) => quietly(() => w.describeQuery(sql, options)),
    estimate: (sql, options) => quietly(() => w.estimate(sql, options)),
    version: (options) => quietly(() => w.version(options)),
    now: (options) => quietly(() => w.now(options)),
    ...(w.writeLines && {
      writeLines: (sql, path, options) =>
        quietly(() => w.writeLines?.(sql, path, options) ?? Promise.resolve(0)),
    }),
    ...(w.endSessionsOf && {
      endSessionsOf: (runId, options) =>
        quietly(() => w.endSessionsOf?.(runId, options) ?? Promise.resolve()),
    }),
    begin: (options) => quietly(() => w.begin(options)),
    commit: () => quietly(() => w.commit()),
    rollback: () => quietly(() => w.rollback()),
    close: () => quietly(() => w.close()),
  });
}
