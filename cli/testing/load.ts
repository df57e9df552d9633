import type { LoadTestsResult } from '../../models/index.js';
import type { Project } from '../../models/definition.js';

/** What stands in the tests/ of a project that was read. `no-tests` is an error of it: whether it is one is up to who asks. */
export async function testsOf(
  { dir, definitions, config: { sources, entities }, macros }: Project,
  brokenKeys: ReadonlySet<string>,
): Promise<LoadTestsResult> {
  const { loadTests } = await import('../../models/index.js');
  return loadTests({ dir, definitions, brokenKeys, sources, entities, ...(macros && { macros }) });
}
