/** The table of rooms in docs/architecture.md lists the doors that .dependency-cruiser.cjs opens. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

interface Rules {
  readonly forbidden: readonly {
    readonly name: string;
    readonly from: { readonly path?: string };
    readonly to: { readonly pathNot?: string | readonly string[] };
  }[];
}

const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as Rules;
const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');

/** `^(a|b)(/|\.ts$)` and `^a/` as names. */
const namesOf = (pattern: string): readonly string[] =>
  pattern
    .replace(/\(\/\|\\\.ts\$\)$/, '')
    .replace(/[\^()]|\/$/g, '')
    .split('|');

const doors = forbidden
  .filter((rule) => rule.name.endsWith('-doors'))
  .map(({ name, to }): [string, readonly string[]] => {
    const room = name.replace('-doors', '');
    const open = [to.pathNot ?? []].flat().flatMap(namesOf);
    return [room, open.filter((door) => door !== room)];
  });

it('there are doors to compare', () => {
  expect(doors.map(([room]) => room)).toContain('compiler');
});

it.each(doors)('%s', (room, open) => {
  const row = new RegExp(`^\\| \`${room}/\` +\\|.*\\|(.*)\\|$`, 'm').exec(page)?.[1] ?? '';
  const listed = [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...open].sort());
});
