/** Which version of a driver is installed, for reports of problems. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** `pg 8.16.3`: the package and its version, as far as it can be told. */
export function driverVersion(name: string): string {
  const version = packageVersion(name);
  return version === undefined ? name : `${name} ${version}`;
}

/** A package need not export its package.json, so it is looked for above its entry. */
function packageVersion(name: string): string | undefined {
  let folder = entryFolder(name);
  while (folder !== undefined) {
    const file = join(folder, 'package.json');
    const found = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
    if (found['name'] === name && typeof found['version'] === 'string') return found['version'];
    const above = dirname(folder);
    folder = above === folder ? undefined : above;
  }
  return undefined;
}

function entryFolder(name: string): string | undefined {
  try {
    return dirname(require.resolve(name));
  } catch {
    return undefined;
  }
}
