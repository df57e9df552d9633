import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult, IConfiguration, ICruiseOptions } from 'dependency-cruiser';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

const { options, ...ruleSet } = createRequire(import.meta.url)(
  '../../.dependency-cruiser.cjs',
) as IConfiguration;

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** Runs the import rules over the TypeScript files under a folder. */
export async function violations(baseDir: string): Promise<{ files: number; violations: Violation[] }> {
  const cruiseOptions = { ...options, baseDir, validate: true, ruleSet } as ICruiseOptions;
  const { output } = await cruise(
    ['{models,macros,compiler,dialects,runtime,delivery,cli,tests,bench}/**/*.ts'],
    cruiseOptions,
  );
  const { modules, summary } = output as ICruiseResult;
  return {
    files: modules.filter((module) => module.source.endsWith('.ts')).length,
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}
