/** The data graph of rollcall.json: which entities their relations lead to, and whether they lead in circles. */
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import { field } from '../build/context.js';
import type { JsonEntry, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';

interface Relation {
  readonly from: string;
  readonly to: string;
  /** Where the name of the other entity stands. */
  readonly at: Pick<Problem, 'start' | 'end'>;
}

/** Relations to entities that do not exist, and circles, each with the place of a relation in it. */
export function entityProblems(root: ObjectNode): Problem[] {
  const entities = entriesOf(field(root, 'entities'));
  const names = entities.map(({ key }) => key);
  const relations = entities.flatMap(({ key: from, node }) =>
    node?.type !== 'object'
      ? []
      : entriesOf(field(node, 'relations')).map(({ key: to, start, keyEnd }): Relation => ({
          from,
          to,
          at: { start, end: keyEnd },
        })),
  );
  const unknown = relations.flatMap(({ from, to, at }): Problem[] => {
    if (names.includes(to)) return [];
    const others = names.filter((name) => name !== from);
    const hint =
      didYouMean(to, others) ??
      (others.length === 0 ? 'it is the only entity' : `the entities are ${orList(others)}`);
    return [{ code: 'unknown-reference', message: `there is no entity ${JSON.stringify(to)}`, hint, ...at }];
  });
  return [...unknown, ...circles(names, relations)];
}

/** One problem a circle, at the relation that closes it. */
function circles(names: readonly string[], relations: readonly Relation[]): Problem[] {
  const problems: Problem[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    for (const { to, at } of relations.filter(({ from }) => from === name)) {
      const start = path.indexOf(to);
      if (start >= 0) problems.push({ ...circleProblem([...path.slice(start), to]), ...at });
      else if (!done.has(to)) visit(to, [...path, to]);
    }
    done.add(name);
  };
  for (const name of names) if (!done.has(name)) visit(name, [name]);
  return problems;
}

const circleProblem = (path: readonly string[]): Pick<Problem, 'code' | 'message' | 'hint'> =>
  path.length === 2
    ? {
        code: 'cycle',
        message: `the entity ${JSON.stringify(path[0])} is related to itself`,
        hint: 'to compare rows with rows of the same table, make it an entity of another name too',
      }
    : {
        code: 'cycle',
        message: `relations of entities lead in a circle: ${path.join(' → ')}`,
        hint: 'a relation holds both ways, so one of them says it: take this one out',
      };

function entriesOf(node: ReturnType<typeof field>): readonly JsonEntry[] {
  return node?.type === 'object' ? node.entries : [];
}
