/** The queries of a project's SQL traits, read: macros expanded, one SELECT each. No warehouse is asked. */
import { expandTemplate, RESERVED, type Part, type Place, type Template } from '../../macros/index.js';
import type { SqlValue } from '../../models/algebra.js';
import type { Definition, Project, Spans, TraitDefinition } from '../../models/definition.js';
import type { Code, Diagnostic } from '../diagnostics/index.js';
import { canonicalDecimal } from '../lower/decimal.js';
import { readStatement } from './statement.js';

/** One query, ready to be bound to tables and definitions. */
export interface SqlQuery {
  readonly definition: TraitDefinition & { readonly value: SqlValue };
  readonly template: Template;
  readonly parts: readonly Part[];
  /** Words and quoted names in it, in lower case: what made-up names must not meet. */
  readonly mentions: ReadonlySet<string>;
  /** What it says, however it is laid out: its tokens, with what macros and variables came to. */
  readonly meaning: string;
}

export interface ReadQueries {
  /** By key of the definition; one that has a problem is not among them. */
  readonly queries: ReadonlyMap<string, SqlQuery>;
  readonly diagnostics: readonly Diagnostic[];
}

const READ = new WeakMap<Project, ReadQueries>();

/** Reads every query of a project; every problem is told. */
export function readQueries(project: Project, spans: Spans): ReadQueries {
  const known = READ.get(project);
  if (known) return known;
  const queries = new Map<string, SqlQuery>();
  const diagnostics: Diagnostic[] = reservedNames(project, spans);
  for (const definition of project.definitions) {
    if (!isSql(definition)) continue;
    const read = readQuery(definition, project, spans);
    if (Array.isArray(read)) diagnostics.push(...(read as readonly Diagnostic[]));
    else queries.set(definition.key, read as SqlQuery);
  }
  const result = { queries, diagnostics };
  READ.set(project, result);
  return result;
}

export const isSql = (definition: Definition): definition is TraitDefinition & { readonly value: SqlValue } =>
  definition.kind === 'trait' && definition.value.kind === 'sql' && definition.output === undefined;

function readQuery(
  definition: TraitDefinition & { readonly value: SqlValue },
  project: Project,
  spans: Spans,
): SqlQuery | readonly Diagnostic[] {
  const { value } = definition;
  const template: Template = { text: value.sql };
  const macros = (project.macros ?? []).filter(({ name }) => !RESERVED.has(name));
  const expanded = expandTemplate(template, { macros, vars: project.config.vars });
  const diagnostic = (
    code: Code,
    { message, at, hint }: { readonly message: string; readonly at: Place; readonly hint?: string },
  ): Diagnostic => {
    const span = querySpan({ definition, template }, at, spans);
    return {
      code,
      severity: 'error',
      message: at.macro === undefined ? message : `in the macro "${at.macro}": ${message}`,
      ...(hint !== undefined && { hint }),
      definition: definition.key,
      ...(span && { span }),
    };
  };
  const unfit = [...expanded.problems, ...numbersOut(expanded.parts)];
  if (unfit.length > 0) return unfit.map((problem) => diagnostic('invalid-macro', problem));
  const whole: Place = { template, start: 0, end: 1 };
  const { parts, tokens, problems } = readStatement(expanded.parts, whole);
  if (problems.length > 0) return problems.map((problem) => diagnostic('invalid-sql', problem));
  const said = tokens.filter(({ text }) => text !== ';');
  return {
    definition,
    template,
    parts,
    mentions: new Set(said.flatMap(({ kind, text }) => namesIn(kind, text))),
    meaning: JSON.stringify(said.map(({ text, part }) => (part ? holeMeaning(part) : text))),
  };
}

/** Where a place in a query, or in a macro it calls, stands in its file; without one, where the query does. */
export function querySpan(
  { definition, template }: Pick<SqlQuery, 'definition' | 'template'>,
  at: Place | undefined,
  spans: Spans,
): ReturnType<Spans['of']> {
  const { value } = definition;
  const node = at === undefined || at.template === template ? value : at.template;
  // A query in a file of its own begins there, not where the file is named.
  const place = at ?? (value.file === undefined ? undefined : { start: 0, end: 1 });
  const within = place && spans.within?.(node, place.start, place.end);
  return within ?? spans.of(value) ?? spans.of(definition);
}

/** Numbers that no decimal of ours holds. */
const numbersOut = (parts: readonly Part[]): readonly { readonly message: string; readonly at: Place }[] =>
  parts.flatMap((part) =>
    part.kind === 'literal' &&
    typeof part.value === 'number' &&
    canonicalDecimal(String(part.value)) === undefined
      ? [{ message: 'the number is beyond 29 digits before the point', at: part.at }]
      : [],
  );

function namesIn(kind: string, text: string): readonly string[] {
  if (kind === 'word') return [text];
  return kind === 'quoted' ? [text.slice(1, -1).toLowerCase()] : [];
}

/** A hole without its place. */
function holeMeaning({ at: _at, ...body }: Part): unknown {
  return 'micros' in body ? { ...body, micros: body.micros.toString() } : body;
}

/** Macros that could not be called: their names are taken. */
function reservedNames(project: Project, spans: Spans): Diagnostic[] {
  return (project.macros ?? []).flatMap((macro): Diagnostic[] => {
    if (!RESERVED.has(macro.name)) return [];
    const span = spans.within?.(macro, 0, 1);
    return [
      {
        code: 'invalid-macro',
        severity: 'error',
        message: `the macro ${JSON.stringify(macro.name)} has the name of one there is`,
        hint: 'rename its file',
        ...(span && { span }),
      },
    ];
  });
}
