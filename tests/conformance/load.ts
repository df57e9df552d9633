/**
 * Reads the conformance cases and spells out what they leave unsaid, so that a harness gets whole rows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { keysOfJourney } from '../reference/journeys.js';
import type { Definition, EntityConfig, Json, Message } from '../reference/model.js';
import { formatInstant, parseDuration, requireInstant } from '../reference/time.js';
import type { PlainTable } from '../support/land-tables.js';

export interface ConformanceStep {
  /** The rows that land before the run: whole, nothing left to default. */
  land: Message[];
  /** Every plain table of the case as it is from this step on. */
  tables: Record<string, PlainTable>;
  as_of: string;
  /** The project's definitions from this step on. */
  definitions: Definition[];
  expect: {
    /** Audience key → its members, `u:<user_id>` or `a:<anonymous_id>`, in any order. Keys not listed are not compared. */
    members?: Record<string, string[]>;
    /** Trait key → profile → stored value. Profiles not listed have no row. */
    traits?: Record<string, Record<string, Json>>;
    /** The same as exact JSON text, for numbers beyond a double's digits. */
    trait_texts?: Record<string, Record<string, string>>;
    /** Audience key → profile → entity → ids of the rows that are kept of members. Profiles not listed have none. */
    entity_rows?: Record<string, Record<string, Record<string, string[]>>>;
    /** Track messages of the step's run, in any order. */
    /** Messages of the step's run, in any order, and what they say under `traits` or `properties`. */
    said?: { to: string; type: string; says: Record<string, Json> }[];
    tracked?: { to: string; event: string; entered?: string[]; exited?: string[] }[];
  };
}

export interface ConformanceCase {
  /** The file it stands in, without its folder and extension. */
  file: string;
  name: string;
  covers: string[];
  layout: 'messages' | 'segment';
  /** Definition key → the instant of its first run; by default the first step's `as_of`. */
  first_runs: Record<string, string>;
  /** `entities` of rollcall.json. */
  entities?: Record<string, EntityConfig>;
  /** What 'crm' says besides where it is. */
  destination?: Record<string, Json>;
  /** Audiences that the project leaves out of all others. */
  exclude?: string[];
  definitions: Definition[];
  steps: ConformanceStep[];
}

/** A file as written; `case.schema.json` describes it. */
interface CaseFile {
  defaults?: Partial<Message>;
  fixtures?: Record<string, Partial<Message>[]>;
  cases: (Omit<ConformanceCase, 'file' | 'layout' | 'first_runs' | 'steps'> & {
    layout?: ConformanceCase['layout'];
    first_runs?: Record<string, string>;
    /** Table to columns to types. */
    tables?: Record<string, PlainTable['columns']>;
    steps: (Omit<ConformanceStep, 'land' | 'tables' | 'definitions'> & {
      definitions?: Definition[];
      land: (string | Partial<Message>)[];
      tables?: Record<string, PlainTable['rows']>;
    })[];
  })[];
}

const FOLDER = import.meta.dirname;
const SCHEMA = 'case.schema.json';

/** The case files' names, in order. */
export function caseFiles(): string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json') && name !== SCHEMA)
    .sort();
}

/** One file of this folder as plain JSON. */
export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
}

/** Every case of every file. */
export function loadCases(): ConformanceCase[] {
  return caseFiles().flatMap((name) => {
    const file = readJson(name) as CaseFile;
    return file.cases.map((written) => spelledOut(name.replace(/\.json$/, ''), file, written));
  });
}

function spelledOut(
  file: string,
  { defaults, fixtures }: CaseFile,
  written: CaseFile['cases'][number],
): ConformanceCase {
  const { name, covers, layout = 'messages', entities, destination, exclude, definitions, steps } = written;
  let position = 0;
  let tables = Object.fromEntries(
    Object.entries(written.tables ?? {}).map(([table, columns]): [string, PlainTable] => [
      table,
      { columns, rows: [] },
    ]),
  );
  let inForce = definitions;
  const wholeSteps = steps.map(
    ({ land, tables: changed = {}, as_of, definitions: edited, expect }): ConformanceStep => {
      inForce = edited ?? inForce;
      tables = withRows(tables, changed);
      const rows = land.flatMap((item) =>
        typeof item === 'string' ? requireFixture(fixtures, item) : [item],
      );
      const whole = rows.map((row): Message => {
        position++;
        return {
          message_id: `m${String(position).padStart(3, '0')}`,
          type: 'track',
          timestamp: null,
          received_at: formatInstant(requireInstant(as_of) - parseDuration('1 hour')),
          source: 'raw',
          ...defaults,
          ...row,
        };
      });
      return { land: whole, tables, as_of, definitions: inForce, expect };
    },
  );
  const firstRun = wholeSteps[0]?.as_of ?? '';
  const first_runs = Object.fromEntries(
    definitions.map(({ key }) => [key, written.first_runs?.[key] ?? firstRun]),
  );
  return {
    file,
    name,
    covers,
    layout,
    first_runs,
    ...(entities && { entities }),
    ...(destination && { destination }),
    ...(exclude && { exclude }),
    definitions,
    steps: wholeSteps,
  };
}

function withRows(
  tables: Record<string, PlainTable>,
  changed: Record<string, PlainTable['rows']>,
): Record<string, PlainTable> {
  const replaced = Object.entries(changed).map(([name, rows]): [string, PlainTable] => {
    const table = tables[name];
    if (table === undefined) throw new Error(`rows of a table ${name} that is not under "tables"`);
    return [name, { ...table, rows }];
  });
  return { ...tables, ...Object.fromEntries(replaced) };
}

function requireFixture(fixtures: CaseFile['fixtures'], name: string): Partial<Message>[] {
  const rows = fixtures?.[name];
  if (rows === undefined) throw new Error(`no fixture ${name}`);
  return rows;
}

/**
 * The top-level names of the custom traits that definitions refer to: what a `messages` source lists under `traits`,
 * since a reference to a trait that nothing mentions yet is an error (SEMANTICS §5).
 */
export function customTraitsOf(definitions: readonly (Definition | Record<string, Json>)[]): string[] {
  const computed = new Set(
    definitions
      .filter(isDefinition)
      .flatMap((d) => (d.kind === 'journey' ? keysOfJourney(d.key, d.definition) : [d.key])),
  );
  const names = new Set<string>();
  const add = (trait: string): void =>
    void names.add(trait.replace(/(?<!\\)\..*$/s, '').replaceAll('\\.', '.'));
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('trait' in node && typeof node.trait === 'string' && !computed.has(node.trait)) {
      add(node.trait);
    }
    // Those that go along with messages.
    if ('traits' in node && typeof node.traits === 'object' && node.traits !== null)
      for (const trait of Object.keys(node.traits)) if (!computed.has(trait)) add(trait);
    Object.values(node).forEach(visit);
  };
  definitions.forEach(visit);
  return [...names].sort();
}

const isDefinition = (one: Definition | Record<string, Json>): one is Definition =>
  typeof one['kind'] === 'string' && one['kind'] !== 'destination';
