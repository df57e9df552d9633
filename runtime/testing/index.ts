/** Tests of a project's definitions: each lands its messages in a warehouse of its own, runs, and compares. */
import { select } from '../../compiler/index.js';
import { UserError, type Diagnostic } from '../../compiler/diagnostics/index.js';
import {
  durationMicros,
  parseInstant,
  type Expectation,
  type Project,
  type TestCase,
  type TestMessage,
  type TestStep,
} from '../../models/index.js';
import { spanOf } from '../../models/source/spans.js';
import { throwErrors } from '../prepare.js';
import { elapsed, isoOf, microsOf } from '../instants.js';
import { Cancelled } from '../retry.js';
import type { TestFailure, TestOptions, TestResult } from './api.js';
import { instantCell, textCell, valueCell, type Cell } from './cells.js';
import { differences } from './compare.js';
import { prepareEntities } from './entities.js';
import { LAYOUTS, standardName, type WholeMessage } from './layouts.js';
import { referencesOf, scratchProject, type References, type ScratchProject } from './project.js';
import { Scratch } from './scratch.js';
import { ScratchTables } from './tables.js';

/**
 * Runs tests, one after the other. Throws `UserError` (exit 2) before the first when a definition one of them
 * is about cannot be compiled, or a selector cannot be read.
 */
export async function runTests(options: TestOptions): Promise<readonly TestResult[]> {
  const references = referencesOf(options.project, options.spans);
  const chosen = selected(options, references);
  const ready = chosen.map((test) => ({
    test,
    scratch: scratchProject(options, references, test.definitions),
  }));
  throwErrors(distinct(ready.flatMap(({ scratch }) => scratch.diagnostics)));
  const results: TestResult[] = [];
  for (const { test, scratch } of ready) {
    if (options.signal?.aborted) throw new Cancelled();
    const result = await runTest(options, test, scratch);
    results.push(result);
    await options.onResult?.(result);
  }
  return results;
}

/** Tests about something that is selected. */
function selected(
  { project, tests, select: selectors = [] }: TestOptions,
  references: References,
): readonly TestCase[] {
  if (selectors.length === 0) return tests;
  const stateful = selectors.find((selector) => /(^|[\s,+])state:/.test(selector));
  if (stateful !== undefined) {
    throw new UserError({
      code: 'unknown-selector',
      severity: 'error',
      message: `Selector "${stateful}" compares with a warehouse, and tests open none`,
      hint: 'select by key, tag:, kind: or path:',
    });
  }
  const definitions = project.definitions.map((definition) => ({
    definition,
    upstream: references.upstream.get(definition.key) ?? new Set<string>(),
  }));
  const { keys, diagnostics } = select({ definitions, selectors });
  throwErrors(diagnostics);
  return tests.filter((test) => test.definitions.some((key) => keys.has(key)));
}

/** A definition that several tests are about has its problems once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map(diagnostics.map((d) => [JSON.stringify([d.code, d.message, d.span]), d]));
  return [...byText.values()];
}

async function runTest(options: TestOptions, test: TestCase, project: ScratchProject): Promise<TestResult> {
  const started = options.now();
  const { failures, diagnostics } = await inScratch(options, test, project);
  return {
    name: test.name,
    file: test.file,
    ...spanOf(options.testSpans, test),
    definitions: test.definitions,
    status: diagnostics.length > 0 ? 'error' : failures.length > 0 ? 'failed' : 'passed',
    duration_ms: elapsed(started, options.now()),
    failures,
    diagnostics,
  };
}

async function inScratch(
  options: TestOptions,
  test: TestCase,
  project: ScratchProject,
): Promise<Pick<TestResult, 'failures' | 'diagnostics'>> {
  const tables = tablesOf(test, project);
  const scratch = await Scratch.open(project, options);
  const failures: TestFailure[] = [];
  try {
    await scratch.execute(tables.make());
    for (const [index, step] of test.steps.entries()) {
      const asOf = isoOf(microsOf(step.asOf));
      await scratch.execute(tables.land(index));
      const diagnostics = await scratch.run(asOf);
      if (diagnostics.length > 0) return { failures, diagnostics };
      const published = await scratch.published(asOf);
      for (const expectation of step.expect) {
        const definition = project.project.definitions.find(({ key }) => key === expectation.key);
        const found = differences(expectation, published, definition);
        if (found) failures.push({ ...placeOf(options, expectation, index, asOf), ...found });
      }
    }
    return { failures, diagnostics: [] };
  } finally {
    await scratch.close();
  }
}

function placeOf(options: TestOptions, expectation: Expectation, index: number, asOf: string) {
  const kind = expectation.kind === 'members' ? ('audience' as const) : ('trait' as const);
  return {
    key: expectation.key,
    kind,
    step: index + 1,
    as_of: asOf,
    ...spanOf(options.testSpans, expectation),
  };
}

/** Everything a test lands, in the tables of the project's sources. */
function tablesOf(
  test: TestCase,
  { project, needs = { events: [], traits: [] } }: ScratchProject,
): ScratchTables {
  const tables = new ScratchTables();
  const { sources } = project.config;
  let count = 0;
  test.steps.forEach((step, index) => {
    for (const message of step.land) {
      count += 1;
      const source = sources.find(({ name }) => name === message.source);
      if (source) LAYOUTS[source.layout].land(source, tables, index, whole(message, step, count));
    }
    for (const { table, rows } of step.tables) {
      if (isEntitys(project, table)) tables.table(table).replaceAt(index);
      for (const row of rows) tables.table(table).add(index, rowCells(project, table, row, step));
    }
  });
  const owned = new Set(sources.flatMap(({ event }) => event ?? []));
  const events = needs.events.filter(({ event }) => !owned.has(event));
  for (const source of sources) {
    const own = source.layout === 'table' ? needs : { ...needs, events };
    LAYOUTS[source.layout].prepare(source, tables, own);
  }
  prepareEntities(project.config.entities ?? {}, needs, tables);
  return tables;
}

/** Rows of entities are what the table holds from a step on; those of sources land beside what landed before. */
const isEntitys = (project: Project, table: string): boolean =>
  !project.config.sources.some((source) => reads(source, table)) &&
  Object.values(project.config.entities ?? {}).some((entity) => isTable(table, entity.table));

/** A message with its defaults: it happened, and landed, at its step's `as_of`. */
function whole(message: TestMessage, step: TestStep, count: number): WholeMessage {
  const { timestamp, messageId = `message-${count}`, receivedAt = step.asOf } = message;
  const at =
    typeof timestamp === 'object'
      ? isoOf(microsOf(step.asOf) - durationMicros(timestamp))
      : (timestamp ?? step.asOf);
  return { ...message, messageId, timestamp: at, receivedAt };
}

/** A row as it is written; it landed at its step's `as_of` unless it says otherwise. */
function rowCells(
  project: Project,
  table: string,
  row: TestStep['tables'][number]['rows'][number],
  step: TestStep,
) {
  const source = project.config.sources.find((one) => reads(one, table));
  const cells: Record<string, Cell> = {};
  let landed = false;
  for (const [column, value] of Object.entries(row)) {
    const standard = source && standardName(source, column);
    const cell = valueCell(value);
    landed ||= standard === 'received_at';
    if (cell === undefined) continue;
    const isText = standard === 'id' || standard === 'user_id' || standard === 'message_id';
    const isInstant = standard === 'timestamp' || standard === 'received_at';
    // Of a table that no source reads, texts that are instants are taken for them.
    const asInstant = isInstant || (!source && cell.type === 'text' && isIsoInstant(cell.text));
    cells[column] = asInstant ? instantCell(cell.text) : isText ? textCell(cell.text) : cell;
  }
  const received =
    source && source.columns['received_at'] !== null && (source.columns['received_at'] ?? 'received_at');
  if (!landed && typeof received === 'string') cells[received] = instantCell(step.asOf);
  return cells;
}

const isIsoInstant = (text: string): boolean => text.includes('T') && parseInstant(text) !== undefined;

const reads = (source: Project['config']['sources'][number], table: string): boolean => {
  const name = table.toLowerCase();
  return source.table === undefined
    ? name.startsWith(`${(source.schema ?? '').toLowerCase()}.`)
    : isTable(table, source.table);
};

const isTable = (written: string, table: string): boolean =>
  written.toLowerCase() === table.toLowerCase() || written.toLowerCase().endsWith(`.${table.toLowerCase()}`);
