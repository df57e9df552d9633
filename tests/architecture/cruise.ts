import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult, IConfiguration, ICruiseOptions } from 'dependency-cruiser';

const { options, ...ruleSet } = createRequire(import.meta.url)(
  '../../.dependency-cruiser.cjs',
) as IConfiguration;

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** Runs the import rules over the TypeScript files under a folder. */
export async function violations(baseDir: string): Promise<{ violations: Violation[] }> {
  const cruiseOptions = { ...options, baseDir, validate: true, ruleSet } as ICruiseOptions;
  const { output } = await cruise(
    ['{models,macros,compiler,dialects,runtime,delivery,cli,tests,bench}/**/*.ts'],
    cruiseOptions,
  );
  const { summary } = output as ICruiseResult;
  return {
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}
