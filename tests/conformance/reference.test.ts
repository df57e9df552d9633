/** Every conformance case, on the reference evaluator; and every case file against its schema. */
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';

import { ResultsFile } from '../engines/results.js';
import { evaluate } from '../reference/evaluate.js';
import { profileName, type JourneyMemory, type Json, type Message } from '../reference/model.js';
import { caseFiles, loadCases, readJson } from './load.js';

const cases = loadCases();

describe('conformance case files', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
    readJson('case.schema.json') as object,
  );

  it.each(caseFiles())('%s is valid', (name) => {
    validate(readJson(name));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('name every case once', () => {
    const names = cases.map(({ file, name }) => `${file}: ${name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

/** Queries are an engine's: a case that has one is met by engines alone. */
const isEngines = ({ definitions }: (typeof cases)[number]): boolean =>
  definitions.some(({ definition }) => 'sql' in definition);
const plainCases = cases.filter((one) => !isEngines(one));

const results = new ResultsFile();
for (const { file, name } of cases.filter(isEngines))
  results.add({
    case: `${file}: ${name}`,
    way: 'reference',
    status: 'never',
    reason: "a query is an engine's own",
  });
afterAll(() => {
  const again = 'npm run conformance -- reference';
  results.write('reference', '0-1', { version: 'the reference evaluator', again });
});

describe.each(plainCases.map((one) => ({ title: `${one.file}: ${one.name}`, one })))('$title', ({ one }) => {
  const landed: Message[] = [];
  // Query text is the parser's: the evaluator knows the JSON form only.
  const isText = ({ definition }: (typeof one.definitions)[number]): boolean => 'query' in definition;
  const texts = new Set(one.definitions.filter(isText).map(({ key }) => key));
  const isKnown = ([key]: [string, unknown]): boolean => !texts.has(key);
  let journeys: JourneyMemory | undefined;
  let passed = 0;
  afterAll(() => {
    const status = passed === one.steps.length ? 'passed' : 'failed';
    results.add({ case: `${one.file}: ${one.name}`, way: 'reference', status });
  });
  for (const [index, step] of one.steps.entries()) {
    landed.push(...step.land);
    const messages = [...landed];

    it(`step ${index + 1}, as of ${step.as_of}`, () => {
      const { members, traitValues, traitTexts, entityRows, ...left } = evaluate({
        messages,
        definitions: step.definitions.filter((definition) => !isText(definition)),
        ...(journeys && { journeys }),
        asOf: step.as_of,
        firstRuns: one.first_runs,
        exclude: one.exclude ?? [],
        tables: step.tables,
        ...(one.entities && { entities: one.entities }),
      });
      journeys = left.journeys;
      const compare = step.expect;
      for (const [key, names] of Object.entries(compare.members ?? {}).filter(isKnown)) {
        expect([key, members.get(key)?.map(profileName).sort()]).toEqual([key, [...names].sort()]);
      }
      for (const [key, values] of Object.entries(compare.traits ?? {}).filter(isKnown)) {
        expect([key, plain(traitValues.get(key))]).toEqual([key, values]);
      }
      for (const [key, texts] of Object.entries(compare.trait_texts ?? {}).filter(isKnown)) {
        expect([key, plain(traitTexts.get(key))]).toEqual([key, texts]);
      }
      for (const [key, rows] of Object.entries(compare.entity_rows ?? {})) {
        const said = [...(entityRows.get(key) ?? [])].map(([name, of]) => [name, Object.fromEntries(of)]);
        expect([key, Object.fromEntries(said)]).toEqual([key, rows]);
      }
      passed++;
    });
  }
});

function plain(values: ReadonlyMap<string, Json> | undefined): Record<string, Json> | undefined {
  return values && Object.fromEntries(values);
}
