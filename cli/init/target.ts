/** The target a new project starts with: what is written down, and what it is opened with now. */
import { relative, sep } from 'node:path';
import { UserError } from '../../compiler/diagnostics/index.js';
import { secretsIn } from '../../dialects/secrets.js';
import type { Io } from '../io.js';
import { misuse } from '../misuse.js';
import type { Place } from './introspect.js';

export interface NewTarget {
  readonly place: Place;
  /** As it stands in rollcall.json. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Variables that have to be set from now on: secrets are not written into files. */
  readonly variables: readonly string[];
}

/** A DuckDB file. */
export function fileTarget(file: string, dir: string): NewTarget {
  const path = relative(dir, file).split(sep).join('/');
  const type = 'duckdb';
  return {
    place: { type, settings: { type, path: file } },
    written: { type, path, schema: 'rollcall' },
    variables: [],
  };
}

/**
 * Any engine, by its settings.
 *
 * @param given `name=value`, as typed; `${env:NAME}` in a value stands for a variable
 */
export function engineTarget(
  type: string,
  given: readonly string[],
  schemas: readonly string[] | undefined,
  env: Io['env'],
): NewTarget {
  const pairs = given.map(pairOf);
  const settings = pairs.map(([name, value]) => [name, valueOf(replaced(value, env))] as const);
  const variables: string[] = [];
  const written = pairs.map(([name, value]) => {
    const isSecret = !value.includes('${env:') && secretsIn({ [name]: value }).length > 0;
    if (!isSecret) return [name, valueOf(value)] as const;
    const variable = `${type}_${name}`.toUpperCase().replace(/\W/g, '_');
    variables.push(variable);
    return [name, `\${env:${variable}}`] as const;
  });
  return {
    place: { type, settings: { type, ...Object.fromEntries(settings) }, ...(schemas && { schemas }) },
    written: { type, ...Object.fromEntries(written) },
    variables,
  };
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  // The text may be a secret that lost its name.
  throw misuse('--set takes name=value', '--set schema=rollcall');
}

/** Numbers and truths as JSON has them. */
function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function replaced(text: string, env: Io['env']): string {
  return text.replace(/\$\{env:(\w+)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === '') {
      throw new UserError({
        code: 'missing-variable',
        severity: 'error',
        message: `the environment variable ${name} is not set`,
      });
    }
    return value;
  });
}
